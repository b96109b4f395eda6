"""What watches a container: attach and stats."""
import json
import signal

from harness import Scenario


class Attach(Scenario):
    def test_output_from_now_on_input_and_the_exit_code(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                stdin_open: true
                command: [sh, -c, "echo before; read line; echo got $$line; echo error >&2; exit 5"]
        """)
        self.estiba("up", "-d")
        self.until_logged("before")
        result = self.run_estiba("attach", "a", stdin="hello\n")
        self.assertEqual((result.rc, result.out, result.err), (5, "got hello\n", "error\n"))

    def test_a_signal_goes_to_the_container(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                command: [sh, -c, "trap 'echo bye; exit 3' INT; echo ready; while :; do sleep 0.05; done"]
        """)
        self.estiba("up", "-d")
        self.until_logged("ready")
        attached = self.background("attach", "--no-stdin", "a")
        self.until("it handles signals", lambda: self.handles_interrupts(attached.process.pid))
        attached.interrupt()
        result = attached.wait()
        self.assertEqual((result.rc, result.out), (3, "bye\n"))

    @staticmethod
    def handles_interrupts(pid):
        with open(f"/proc/{pid}/status") as file:
            caught = next(line for line in file if line.startswith("SigCgt"))
        return int(caught.split()[1], 16) & (1 << (signal.SIGINT - 1))

    def test_what_does_not_run_is_told(self):
        self.compose("services: {a: {image: @IMAGE@, command: 'true'}}")
        self.fails("attach", "a", says=["service \"a\" is not running"])


class Stats(Scenario):
    def test_figures_of_a_busy_container(self):
        self.compose("""
            services:
              busy: {image: @IMAGE@, init: true, mem_limit: 50m, command: [sh, -c, "while :; do :; done"]}
              ended: {image: @IMAGE@, command: "true"}
        """)
        self.estiba("up", "-d")
        self.until("it has ended", lambda: self.state("ended") == "exited")
        rows = [json.loads(line) for line in self.estiba("stats", "--no-stream", "--format", "json").splitlines()]
        self.assertEqual([row["Name"] for row in rows], ["demo-busy-1"])
        self.assertGreater(float(rows[0]["CPUPerc"].rstrip("%")), 1)
        self.assertTrue(rows[0]["MemUsage"].endswith("/ 50MiB"), rows[0])
        self.assertEqual(rows[0]["PIDs"], "2")
        table = self.estiba("stats", "--no-stream", "-a").splitlines()
        self.assertRegex(table[0], r"^CONTAINER ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET I/O +BLOCK I/O +PIDS")
        self.assertEqual(sorted(line.split()[1] for line in table[1:]), ["demo-busy-1", "demo-ended-1"])
