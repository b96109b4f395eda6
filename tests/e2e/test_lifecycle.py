"""Restart policies, what depends_on waits for, and health checks."""
from harness import Scenario


class RestartPolicies(Scenario):
    def starts(self, service):
        return self.logs(service).count("started")

    def test_always_restarts_after_success_and_failure(self):
        self.compose("""
            services:
              good: {image: @IMAGE@, restart: always, command: [sh, -c, "echo started; exit 0"]}
              bad: {image: @IMAGE@, restart: always, command: [sh, -c, "echo started; exit 1"]}
        """)
        self.estiba("up", "-d")
        self.until("three starts of each", lambda: min(self.starts("good"), self.starts("bad")) >= 3)

    def test_on_failure_restarts_only_failures_and_counts(self):
        self.compose("""
            services:
              good: {image: @IMAGE@, restart: on-failure, command: [sh, -c, "echo started; exit 0"]}
              bad: {image: @IMAGE@, restart: "on-failure:2", command: [sh, -c, "echo started; exit 3"]}
        """)
        self.estiba("up", "-d")
        self.until("the third start", lambda: self.starts("bad") == 3 and self.state("bad") == "exited")
        self.assertEqual((self.starts("good"), self.state("good")), (1, "exited"))
        self.assertEqual(self.container("bad")["ExitCode"], 3)

    def test_no_policy_stays_down(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, command: [sh, -c, "echo started; exit 1"]}
              watch: {image: @IMAGE@, restart: always, command: [sh, -c, "echo started; exit 1"]}
        """)
        self.estiba("up", "-d")
        self.until("the other restarted twice", lambda: self.starts("watch") >= 3)
        self.assertEqual((self.starts("a"), self.state("a")), (1, "exited"))

    def test_stopped_by_hand_stays_stopped(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, restart: unless-stopped, init: true, command: [sh, -c, "echo started; exec sleep 1000"]}
              watch: {image: @IMAGE@, restart: always, command: [sh, -c, "echo started; exit 1"]}
        """)
        self.estiba("up", "-d", "a")
        self.estiba("stop", "a")
        self.estiba("up", "-d", "watch")
        self.until("the other restarted twice", lambda: self.starts("watch") >= 3)
        self.assertEqual((self.starts("a"), self.state("a")), (1, "exited"))


class Dependencies(Scenario):
    def test_started_healthy_and_completed_order_the_start(self):
        self.compose("""
            services:
              job: {image: @IMAGE@, command: [sh, -c, "sleep 0.5; echo job >>/out/order"], volumes: [./out:/out]}
              slow:
                image: @IMAGE@
                init: true
                command: [sh, -c, "sleep 0.5; echo slow >>/out/order; touch /ready; exec sleep 1000"]
                volumes: [./out:/out]
                depends_on: {job: {condition: service_completed_successfully}}
                healthcheck: {test: [CMD, test, -e, /ready], interval: 100ms, retries: 100}
              last:
                image: @IMAGE@
                init: true
                command: [sh, -c, "echo last >>/out/order; exec sleep 1000"]
                volumes: [./out:/out]
                depends_on: {slow: {condition: service_healthy}}
        """)
        (self.project / "out").mkdir()
        self.estiba("up", "-d", "--wait")
        self.assertEqual((self.project / "out/order").read_text().split(), ["job", "slow", "last"])

    def test_a_failed_job_stops_what_needs_it(self):
        self.compose("""
            services:
              job: {image: @IMAGE@, command: [sh, -c, "exit 4"]}
              main: {image: @IMAGE@, init: true, command: sleep 1000, depends_on: {job: {condition: service_completed_successfully}}}
        """)
        self.fails("up", "-d", says=["job", "4"], rc=1)
        self.assertNotEqual(self.state("main"), "running")

    def test_an_unhealthy_service_stops_what_needs_it(self):
        self.compose("""
            services:
              sick: {image: @IMAGE@, init: true, command: sleep 1000, healthcheck: {test: [CMD, "false"], interval: 100ms, retries: 2}}
              main: {image: @IMAGE@, init: true, command: sleep 1000, depends_on: {sick: {condition: service_healthy}}}
        """)
        self.fails("up", "-d", says=["sick", "unhealthy"], rc=1)
        self.assertEqual((self.state("sick"), self.state("main")), ("running", "created"))

    def test_down_stops_dependents_first(self):
        stop = "trap 'echo %s >>/out/order; exit 0' TERM; while :; do sleep 0.05; done"
        self.compose(f"""
            services:
              base: {{image: @IMAGE@, volumes: ["./out:/out"], command: [sh, -c, "{stop % 'base'}"]}}
              top: {{image: @IMAGE@, volumes: ["./out:/out"], depends_on: [base], command: [sh, -c, "{stop % 'top'}"]}}
        """)
        (self.project / "out").mkdir()
        self.estiba("up", "-d")
        self.estiba("down")
        self.assertEqual((self.project / "out/order").read_text().split(), ["top", "base"])

    def test_one_service_brings_its_dependencies_only(self):
        self.compose("""
            services:
              base: {image: @IMAGE@, init: true, command: sleep 1000}
              wanted: {image: @IMAGE@, init: true, command: sleep 1000, depends_on: [base]}
              other: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d", "wanted")
        self.assertEqual(sorted(entry["Service"] for entry in self.ps()), ["base", "wanted"])


class HealthChecks(Scenario):
    def test_starting_then_healthy_then_unhealthy(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                healthcheck: {test: "test -e /tmp/ok", interval: 100ms, timeout: 2s, retries: 2, start_period: 60s, start_interval: 100ms}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.container("a")["Health"], "starting")
        self.sh("a", "touch /tmp/ok")
        self.until("healthy", lambda: self.container("a")["Health"] == "healthy")
        self.assertIn("healthy", self.container("a")["Status"])
        self.sh("a", "rm /tmp/ok")
        self.until("unhealthy", lambda: self.container("a")["Health"] == "unhealthy")
        self.assertEqual(self.state("a"), "running")

    def test_a_check_that_hangs_counts_as_failed(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, healthcheck: {test: [CMD, sleep, "60"], interval: 100ms, timeout: 200ms, retries: 2}}
        """)
        self.estiba("up", "-d")
        self.until("unhealthy", lambda: self.container("a")["Health"] == "unhealthy")

    def test_wait_returns_when_all_are_healthy(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: [sh, -c, "sleep 0.5; touch /ok; exec sleep 1000"]
                healthcheck: {test: [CMD, test, -e, /ok], interval: 100ms, retries: 100}
        """)
        self.estiba("up", "-d", "--wait")
        self.assertEqual(self.container("a")["Health"], "healthy")

    def test_wait_gives_up_after_its_timeout(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, healthcheck: {test: [CMD, "false"], interval: 10s, start_period: 60s}}
        """)
        self.fails("up", "-d", "--wait", "--wait-timeout", "1", rc=1)
        self.assertEqual(self.state("a"), "running")
