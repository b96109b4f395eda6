"""Networks and volumes made by hand, and what --dry-run tells without doing it."""
from harness import Scenario


class External(Scenario):
    def test_projects_share_a_network_and_a_volume_made_by_hand(self):
        subnet = "10.217.64.0/24"
        made = self.estiba("network", "create", "--subnet", subnet, "--label", "a=b", "shared").strip()
        self.assertEqual(len(made), 64)
        self.assertEqual(self.estiba("volume", "create", "kept"), "kept\n")
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, networks: [n], volumes: ["data:/data"]}
            networks: {n: {external: true, name: shared}}
            volumes: {data: {external: true, name: kept}}
        """)
        self.estiba("up", "-d")
        self.assertIn("inet 10.217.64.", self.sh("a", "ip -4 addr show eth0"))
        self.sh("a", "echo here >/data/file")
        self.assertIn(made[:12], self.estiba("network", "ls"))
        self.fails("network", "rm", "shared", says=["shared is in use by", "-a-1"])
        self.fails("volume", "rm", "kept", says=["kept is in use by", "-a-1"])
        self.estiba("down", "-v")
        self.assertIn("kept", self.estiba("volume", "ls", "-q"))
        self.assertEqual(self.estiba("network", "rm", "shared"), "shared\n")
        self.assertEqual(self.estiba("volume", "rm", "kept"), "kept\n")
        self.fails("volume", "rm", "kept", says=["volume kept not found"])
        self.estiba("volume", "rm", "-f", "kept")

    def test_a_range_without_its_subnet_is_refused(self):
        self.fails("network", "create", "--gateway", "10.217.65.1", "n", says=["--subnet"])
        self.assertEqual(self.estiba("network", "ls", "-q"), "")


class DryRun(Scenario):
    def test_every_command_with_a_plan_tells_it_and_changes_nothing(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, depends_on: [b]}
              b: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        before = self.ps("-a")
        for command, says in (("stop", "stop container"), ("restart", "start container"), ("down", "remove network")):
            self.assertIn(says, self.estiba(command, "--dry-run"))
        self.estiba("kill", "--dry-run")
        self.assertEqual([c["Pid"] for c in self.ps("-a")], [c["Pid"] for c in before])


class OneOffs(Scenario):
    def test_an_interrupt_reaches_the_command_of_run(self):
        self.compose("services: {a: {image: @IMAGE@}}")
        run = self.background("run", "--rm", "-T", "a", "sh", "-c",
                              'trap "echo caught; exit 7" INT; echo ready; while :; do sleep 0.1; done')
        self.until("the command runs", lambda: "ready" in run.out())
        run.interrupt()
        self.assertEqual(run.wait().rc, 7)
        self.assertIn("caught", run.out())

    def test_kill_takes_orphans_along_when_asked(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
              gone: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        self.compose("services: {a: {image: @IMAGE@, init: true, command: sleep 1000}}")
        self.estiba("kill", "--remove-orphans")
        self.assertEqual([c["Service"] for c in self.ps("-a", "--orphans")], ["a"])

    def test_start_waits_for_health(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: [sh, -c, "rm -f /ready; sleep 0.5; touch /ready; exec sleep 1000"]
                healthcheck: {test: [CMD, test, -e, /ready], interval: 100ms, retries: 100}
        """)
        self.estiba("up", "-d")
        self.estiba("stop", "-t", "0")
        self.estiba("start", "--wait")
        self.assertEqual(self.container("a")["Health"], "healthy")


class Addresses(Scenario):
    def test_a_fixed_address_is_given_to_nobody_else(self):
        self.compose("""
            services:
              first: {image: @IMAGE@, init: true, command: sleep 1000}
              fixed:
                image: @IMAGE@
                init: true
                command: sleep 1000
                depends_on: [first]
                networks: {default: {ipv4_address: 10.217.66.2}}
            networks: {default: {ipam: {config: [{subnet: 10.217.66.0/24}]}}}
        """)
        self.estiba("up", "-d")
        self.assertIn("inet 10.217.66.2/", self.sh("fixed", "ip -4 addr show eth0"))
        self.assertIn("inet 10.217.66.3/", self.sh("first", "ip -4 addr show eth0"))


class Models(Scenario):
    needs_image = False

    def test_config_lists_the_models(self):
        self.compose("""
            services: {a: {image: x, models: [small, large]}}
            models: {small: {model: ai/small}, large: {model: "ai/large:1"}}
        """)
        self.assertEqual(self.estiba("config", "--models"), "ai/large:1\nai/small\n")
