"""Kill anything of the program's own: no container ends, and the next command finds all in order."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess

from busybox_image import root_filesystem
from harness import IMAGE, Scenario

STACK = """
    services:
      beat:
        image: @IMAGE@
        init: true
        command: [sh, -c, "n=0; while :; do n=$$((n+1)); echo beat $$n; sleep 0.05; done"]
        ports: ["127.0.0.1:%d:80"]
      web:
        image: @IMAGE@
        init: true
        command: [httpd, -f, -p, "80", -h, /etc]
        ports: ["127.0.0.1:%d:80"]
"""


class ServerKilled(Scenario):
    def setUp(self):
        super().setUp()
        self.port = self.free_port()
        self.compose(STACK % (self.free_port(), self.port))
        self.estiba("up", "-d")
        self.before_kill = {entry["Service"]: entry for entry in self.ps()}
        self.times = {service: self.start_time(entry["Pid"]) for service, entry in self.before_kill.items()}

    def kill_server(self):
        first = self.until("a server runs", self.server_pid)
        os.kill(first, signal.SIGKILL)
        self.until("another server runs", lambda: self.server_pid() not in (None, first))

    def assert_undisturbed(self):
        for entry in self.ps():
            before = self.before_kill[entry["Service"]]
            self.assertEqual((entry["ID"], entry["Pid"], entry["State"]),
                             (before["ID"], before["Pid"], "running"))
            self.assertEqual(self.start_time(entry["Pid"]), self.times[entry["Service"]])

    def test_no_container_ends(self):
        self.kill_server()
        self.assert_undisturbed()

    def test_no_line_of_the_log_is_lost(self):
        self.until_logged("beat 5")
        self.kill_server()
        seen = len(self.numbers())
        self.until("more lines", lambda: len(self.numbers()) > seen + 20)
        numbers = self.numbers()
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def numbers(self):
        return [int(number) for number in re.findall(r"beat (\d+)$", self.logs("beat"), re.M)]

    def test_names_and_published_ports_work_again(self):
        self.kill_server()
        self.assertIn("root:", self.until("the name resolves", lambda: self.run_estiba(
            "exec", "-T", "beat", "wget", "-qO-", "http://web/passwd").out))
        self.assertIn("root:", self.until("the port answers",
                                          lambda: self.fetched(f"http://127.0.0.1:{self.port}/passwd")))

    def test_up_and_down_find_all_in_order(self):
        self.kill_server()
        self.estiba("up", "-d")
        self.assert_undisturbed()
        self.estiba("down")
        self.assertEqual(self.ps(), [])

    def test_several_kills_in_a_row(self):
        # After five within a minute the keeper waits before it starts another.
        for _ in range(4):
            self.kill_server()
        self.assert_undisturbed()


class KeeperKilled(Scenario):
    def setUp(self):
        super().setUp()
        self.compose("""
            services:
              job: {image: @IMAGE@, command: [sh, -c, "until [ -e /go/now ]; do sleep 0.01; done; exit 7"], volumes: [./go:/go]}
              stays: {image: @IMAGE@, init: true, command: sleep 1000}
              later: {image: @IMAGE@, init: true, command: sleep 1000, profiles: [later]}
        """)
        (self.project / "go").mkdir()
        self.estiba("up", "-d")
        self.keeper = parent(self.until("a server runs", self.server_pid))
        self.pids = {entry["Service"]: entry["Pid"] for entry in self.ps()}

    def assert_goes_on(self):
        self.until("the same processes run", lambda: self.pids == {
            entry["Service"]: entry["Pid"] for entry in self.ps() if entry["State"] == "running"})
        (self.project / "go/now").touch()
        self.until("the exit is known", lambda: self.state("job") == "exited")
        self.assertEqual(self.container("job")["ExitCode"], 7)
        self.estiba("up", "-d", "later")
        self.assertEqual(self.state("later"), "running")

    def test_of_the_keeper(self):
        os.kill(self.keeper, signal.SIGKILL)
        self.assert_goes_on()

    def test_of_anchor_and_keeper_at_once(self):
        os.kill(parent(self.keeper), signal.SIGKILL)
        os.kill(self.keeper, signal.SIGKILL)
        # Nobody reaps for us then, so that the exit's code is known to the kernel alone, if it is.
        self.until("another keeper runs", lambda: self.run_estiba("up", "-d", "later").rc == 0)
        self.assertEqual(self.pids, {entry["Service"]: entry["Pid"] for entry in self.ps()
                                     if entry["Service"] != "later"})
        os.kill(self.pids["stays"], signal.SIGKILL)
        self.until("the end is known", lambda: self.state("stays") == "exited")

    def test_of_the_run_directorys_content(self):
        for name in ("exits", "containers"):
            shutil.rmtree(self.top / "run" / name)
        (self.project / "go/now").touch()
        self.until("the exit is known", lambda: self.state("job") == "exited")
        self.assertEqual(self.container("job")["ExitCode"], 7)

    def test_of_keeper_and_server_at_once(self):
        os.kill(self.keeper, signal.SIGKILL)
        os.kill(self.until("a server runs", self.server_pid), signal.SIGKILL)
        self.assert_goes_on()


class Restarted(Scenario):
    def test_exit_during_the_servers_absence_is_noticed(self):
        self.compose("""
            services:
              job: {image: @IMAGE@, command: [sh, -c, "until [ -e /go/now ]; do sleep 0.01; done; exit 9"], volumes: [./go:/go]}
        """)
        (self.project / "go").mkdir()
        self.estiba("up", "-d")
        server = self.until("a server runs", self.server_pid)
        os.kill(server, signal.SIGSTOP)
        (self.project / "go/now").touch()
        os.kill(server, signal.SIGKILL)
        self.until("the exit is known", lambda: self.state("job") == "exited")
        self.assertEqual(self.container("job")["ExitCode"], 9)

    def test_restart_policy_holds_after_the_servers_death(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, command: sleep 1000, restart: always}
        """)
        self.estiba("up", "-d")
        first = self.until("a server runs", self.server_pid)
        os.kill(first, signal.SIGKILL)
        self.until("another server runs", lambda: self.server_pid() not in (None, first))
        pid = self.pid_of("a")
        os.kill(pid, signal.SIGKILL)
        self.until("it runs again", lambda: self.state("a") == "running" and self.pid_of("a") != pid)


def parent(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


class DiskFull(Scenario):
    """All state on a small file system of its own, with no space left."""
    needs_image = False

    def setUp(self):
        super().setUp()
        root = self.top / "root"
        root.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=755", "tmpfs", root], check=True)
        self.ends_with(lambda: subprocess.run(["umount", "-l", root], check=True))
        self.import_image()
        self.compose("""
            services:
              short: {image: @IMAGE@, command: [sleep, "1000"]}
              other: {image: @IMAGE@, init: true, command: [sleep, "1000"]}
        """)
        self.estiba("up", "-d")

    def fill(self):
        with open(self.top / "root/filler", "wb", buffering=0) as filler, self.assertRaises(OSError):
            while True:
                filler.write(bytes(1 << 16))

    def test_the_end_of_a_container_is_noticed_all_the_same(self):
        self.fill()
        os.kill(self.container("short")["Pid"], signal.SIGKILL)
        self.until("its end is noticed", lambda: self.container("short")["State"] == "exited")
        self.assertEqual(self.container("short")["ExitCode"], 137)
        self.assertEqual(self.container("other")["State"], "running")
        self.assertIn("is not on disk", (self.top / "run/estiba.log").read_text())

    def used(self):
        file_system = os.statvfs(self.top / "root")
        return (file_system.f_blocks - file_system.f_bfree) * file_system.f_frsize

    def test_an_image_that_does_not_fit_leaves_nothing(self):
        archive = self.top / "large.tar"
        root_filesystem(archive, {"large": "x" * (300 << 20)})
        before, images = self.used(), self.estiba("image", "ls", "--quiet")
        self.fails("image", "import", archive, "large", says=["large", "are left"])
        self.assertEqual(self.estiba("image", "ls", "--quiet"), images)
        self.assertLessEqual(self.used(), before + (1 << 16))

    def test_a_disk_that_others_fill_meanwhile_is_told_and_the_space_given_back(self):
        archive = self.top / "middle.tar"
        root_filesystem(archive, {"middle": "x" * (64 << 20)})
        os.mkfifo(self.top / "slow")
        importing = self.background("image", "import", self.top / "slow", "middle")
        with open(archive, "rb") as content, open(self.top / "slow", "wb") as slow:
            slow.write(content.read(8 << 20))
            slow.flush()
            self.fill()
            with contextlib.suppress(BrokenPipeError):
                slow.write(content.read())
        result = importing.wait(60)
        self.assertEqual(result.rc, 1, f"\n{result}")
        self.assertIn("no space left", result.err.lower())
        (self.top / "root/filler").unlink()
        self.assertNotIn("middle", self.estiba("image", "ls"))
        self.assertEqual([entry for entry in (self.top / "root/images/tmp").iterdir()], [])

    def test_a_build_step_that_fills_the_disk(self):
        self.write("Dockerfile", f"FROM {IMAGE}\nRUN dd if=/dev/zero of=/large bs=1M count=1000\n")
        before = self.used()
        self.fails("image", "build", "-t", "built", ".", says=["no space left", "Dockerfile:2"])
        self.assertLessEqual(self.used(), before + (1 << 16))

    def test_down_works(self):
        self.fill()
        self.estiba("down", "-t", "0")
        self.assertEqual(self.ps(), [])


class HandOver(Scenario):
    """The last container's end takes anchor, keeper and server with it, and somebody comes in that instant."""

    def test_whoever_comes_while_all_ends_is_served(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, command: "true"}
        """)
        for _ in range(15):
            runs = [self.background("run", "--rm", "-T", "a", "sh", "-c", "exit 6") for _ in range(2)]
            for each in runs:
                result = each.wait(60)
                self.assertEqual(result.rc, 6, f"\n{result}")
        log = self.top / "run/estiba.log"
        self.assertFalse(log.exists() and log.read_text(), "something was not in order")

    def test_many_that_come_and_go_at_once_are_all_answered(self):
        self.compose("services: {a: {image: test/none, pull_policy: never}}")
        for _ in range(15):
            ups = [self.background("-p", f"demo{number}", "up", "-d") for number in range(6)]
            for each in ups:
                result = each.wait(60)
                self.assertIn("not in the store", result.err, f"\n{result}")
