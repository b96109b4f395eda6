"""The daily round: up, ps, logs, exec, run, stop, start, down; and nothing left behind."""
import os
import pathlib

from harness import Scenario


class Basics(Scenario):
    def test_up_ps_logs_exec_down(self):
        self.compose("""
            services:
              hello:
                image: @IMAGE@
                command: [sh, -c, "echo to-stdout; echo to-stderr >&2; exec sleep 1000"]
                init: true
        """)
        self.estiba("up", "-d")
        entry = self.container("hello")
        self.assertEqual((entry["Name"], entry["State"], entry["Project"]), ("demo-hello-1", "running", "demo"))
        self.until_logged("to-stderr")
        self.assertIn("to-stdout", self.logs("hello"))
        self.assertEqual(self.sh("hello", "echo in $(hostname | wc -c); id -u"), "in 13\n0")
        self.estiba("down")
        self.assertEqual(self.ps(), [])

    def test_down_leaves_nothing_running_and_nothing_mounted(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, volumes: [data:/data], networks: [one, two]}
              b: {image: @IMAGE@, init: true, command: sleep 1000, ports: ["127.0.0.1::80"], networks: [two]}
            networks: {one: {internal: true}, two: {}}
            volumes: {data: {}}
        """)
        self.estiba("up", "-d")
        self.assertNotEqual(self._own_processes(), [])
        self.estiba("down", "-v")
        self.until("the program's processes ended", lambda: not self._own_processes(), 10)
        mounts = pathlib.Path("/proc/self/mountinfo").read_text()
        self.assertNotIn(str(self.top), mounts)

    def test_up_again_changes_nothing(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        first = self.container("a")
        self.estiba("up", "-d")
        again = self.container("a")
        self.assertEqual((first["ID"], first["Pid"]), (again["ID"], again["Pid"]))

    def test_only_what_changed_is_recreated(self):
        text = """
            services:
              same: {image: @IMAGE@, init: true, command: sleep 1000}
              changed: {image: @IMAGE@, init: true, command: sleep 1000, environment: {A: "%s"}}
        """
        self.compose(text % "1")
        self.estiba("up", "-d")
        same, changed = self.container("same"), self.container("changed")
        self.compose(text % "2")
        self.estiba("up", "-d")
        self.assertEqual(self.container("same")["Pid"], same["Pid"])
        self.assertNotEqual(self.container("changed")["ID"], changed["ID"])
        self.assertEqual(self.sh("changed", "echo $A"), "2")

    def test_two_stacks_at_once_do_not_see_each_other(self):
        other = self.top / "other"
        text = """
            services:
              web: {image: @IMAGE@, init: true, command: [sh, -c, "echo %s >/tmp/index.html; exec httpd -f -p 80 -h /tmp"]}
        """
        self.compose(text % "first")
        self.compose(text % "second", folder=other)
        self.estiba("up", "-d")
        self.estiba("up", "-d", cwd=other)
        self.assertEqual(self.container("web")["Name"], "demo-web-1")
        self.assertEqual(self.container("web", cwd=other)["Name"], "other-web-1")
        for folder, expected in ((self.project, "first"), (other, "second")):
            self.until(f"{expected} answers", lambda: self.run_estiba(
                "exec", "-T", "web", "wget", "-qO-", "http://web/", cwd=folder).out.strip() == expected)
        self.estiba("down", cwd=other)
        self.assertEqual(self.state("web"), "running")

    def test_exec_passes_input_output_and_status(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, environment: {FROM_FILE: yes-it-is}}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.estiba("exec", "-T", "a", "cat", stdin="through\n"), "through\n")
        self.estiba("exec", "-T", "a", "sh", "-c", "exit 42", rc=42)
        self.assertEqual(self.sh("a", "echo $FROM_FILE"), "yes-it-is")
        self.assertEqual(self.estiba("exec", "-T", "-u", "1000", "-w", "/tmp", "-e", "X=y", "a",
                                     "sh", "-c", "id -u; pwd; echo $X"), "1000\n/tmp\ny\n")
        result = self.run_estiba("exec", "-T", "a", "sh", "-c", "echo out; echo err >&2")
        self.assertEqual((result.out, result.err), ("out\n", "err\n"))
        self.estiba("exec", "-T", "a", "no-such-program", rc=127)

    def test_run_gives_the_commands_status_and_leaves_no_container(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, command: [echo, default]}
        """)
        self.assertEqual(self.estiba("run", "--rm", "-T", "a"), "default\n")
        self.estiba("run", "--rm", "-T", "a", "sh", "-c", "exit 3", rc=3)
        self.assertEqual(self.estiba("run", "--rm", "-T", "a", "cat", stdin="piped"), "piped")
        self.assertEqual(self.ps(), [])

    def test_stop_and_start_keep_the_container(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        self.sh("a", "echo kept >/kept")
        first = self.container("a")
        self.estiba("stop", "-t", "1")
        self.assertEqual(self.state("a"), "exited")
        self.estiba("start")
        self.assertEqual(self.container("a")["ID"], first["ID"])
        self.assertEqual(self.sh("a", "cat /kept"), "kept")

    def test_stop_waits_for_the_grace_period_then_kills(self):
        self.compose("""
            services:
              stubborn: {image: @IMAGE@, command: [sh, -c, "trap '' TERM; while :; do sleep 0.1; done"], stop_grace_period: 1s}
              gentle: {image: @IMAGE@, command: [sh, -c, "trap 'echo bye; exit 5' TERM; while :; do sleep 0.05; done"]}
        """)
        self.estiba("up", "-d")
        self.estiba("stop")
        codes = {entry["Service"]: entry["ExitCode"] for entry in self.ps()}
        self.assertEqual(codes, {"stubborn": 137, "gentle": 5})
        self.assertIn("bye", self.logs("gentle"))

    def test_scale_changes_the_number_of_containers(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d", "--scale", "a=3")
        self.assertEqual(sorted(entry["Name"] for entry in self.ps()), ["demo-a-1", "demo-a-2", "demo-a-3"])
        self.estiba("up", "-d", "--scale", "a=1")
        self.assertEqual([entry["Name"] for entry in self.ps()], ["demo-a-1"])

    def test_orphans_are_removed_when_asked(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
              b: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        result = self.run_estiba("up", "-d")
        self.assertEqual(result.rc, 0, str(result))
        self.assertIn("orphan", result.err.lower())
        self.estiba("up", "-d", "--remove-orphans")
        self.assertEqual([entry["Service"] for entry in self.ps()], ["a"])

    def test_logs_come_with_a_prefix_a_tail_and_follow_to_the_end(self):
        self.compose("""
            services:
              count: {image: @IMAGE@, command: [sh, -c, "seq 1 100; sleep 1; echo last"]}
        """)
        self.estiba("up", "-d")
        self.until_logged("100")
        self.assertRegex(self.logs("--tail", "1", "count"), r"^count-1 +\| (100|last)\n$")
        following = self.background("logs", "-f", "--no-color", "--no-log-prefix")
        result = following.wait(20)
        self.assertEqual(result.rc, 0, str(result))
        self.assertEqual(result.out.split(), [str(number) for number in range(1, 101)] + ["last"])

    def test_state_lives_where_the_environment_says(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, volumes: [data:/data]}
            volumes: {data: {}}
        """)
        usual = [path for path in ("/var/lib/estiba", "/run/estiba") if not os.path.exists(path)]
        self.estiba("up", "-d")
        self.sh("a", "echo here >/data/file")
        found = list((self.top / "root/volumes").glob("*/_data/file"))
        self.assertEqual([path.read_text() for path in found], ["here\n"])
        self.assertTrue((self.top / "run").is_dir())
        self.assertEqual((self.top / "root").stat().st_mode & 0o077 & ~0o011, 0, "others can read the state")
        for path in usual:
            self.assertFalse(os.path.exists(path), path)

    def test_a_project_is_taken_down_by_name_without_its_file(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.state("a"), "running")
        self.estiba("-p", "demo", "down", cwd=self.top)
        self.assertEqual(self.ps(), [])

    def test_dry_run_says_what_it_would_do_and_does_nothing(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        result = self.run_estiba("--dry-run", "up", "-d")
        self.assertEqual(result.rc, 0, str(result))
        self.assertIn("a", result.out + result.err)
        self.assertEqual(self.ps(), [])


class AtTheSameTime(Scenario):
    def test_two_ups_of_one_project_make_one_stack(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
              b: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        both = [self.background("up", "-d") for _ in range(2)]
        for up in both:
            result = up.wait()
            self.assertEqual(result.rc, 0, str(result))
        self.assertEqual(sorted(entry["Name"] for entry in self.ps()), ["demo-a-1", "demo-b-1"])

    def test_a_killed_command_line_leaves_a_stack_that_up_completes(self):
        self.compose("""
            services:
              slow: {image: @IMAGE@, init: true, command: sleep 1000, healthcheck: {test: [CMD, test, -e, /ok], interval: 100ms, retries: 1000}}
              last: {image: @IMAGE@, init: true, command: sleep 1000, depends_on: {slow: {condition: service_healthy}}}
        """)
        up = self.background("up", "-d")
        self.until("the first service runs", lambda: self.state("slow") == "running")
        up.end()
        self.sh("slow", "touch /ok")
        self.estiba("up", "-d")
        self.assertEqual({entry["State"] for entry in self.ps()}, {"running"})


class Foreground(Scenario):
    def test_foreground_shows_logs_and_ctrl_c_stops_all(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, command: [sh, -c, "trap 'echo a-ends; exit 0' TERM; echo a-began; while :; do sleep 0.05; done"]}
              b: {image: @IMAGE@, command: [sh, -c, "trap 'echo b-ends; exit 0' TERM; echo b-began; while :; do sleep 0.05; done"]}
        """)
        up = self.background("up", "--no-color")
        self.until("both services' first lines", lambda: "a-began" in up.out() and "b-began" in up.out())
        up.interrupt()
        result = up.wait(20)
        self.assertIn(result.rc, (0, 130), str(result))
        self.assertIn("a-ends", result.out)
        self.assertEqual({entry["State"] for entry in self.ps()}, {"exited"})

    def test_second_ctrl_c_kills(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, stop_grace_period: 60s, command: [sh, -c, "trap '' TERM; echo began; while :; do sleep 0.05; done"]}
        """)
        up = self.background("up", "--no-color")
        self.until("the first line", lambda: "began" in up.out())
        up.interrupt()
        self.until("it says that it stops", lambda: "stopp" in (up.out() + up.err()).lower())
        up.interrupt()
        up.wait(20)
        self.assertEqual(self.state("a"), "exited")

    def test_abort_on_container_exit_gives_the_chosen_status(self):
        self.compose("""
            services:
              job: {image: @IMAGE@, command: [sh, -c, "exit 7"]}
              other: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "--exit-code-from", "job", rc=7)
        self.assertEqual({entry["State"] for entry in self.ps()}, {"exited"})
