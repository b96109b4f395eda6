"""What the scenarios share: a state directory of their own, the program, an image, and the host as before.

A scenario is a Scenario with tests; `self.estiba("up", "-d")` runs the program in the project's folder.
Whatever happens, the end takes everything down and compares the host with what it was at the start.

  python3 -m unittest test_basics                    one file (in this folder)
  KEEP_FAILED=1 python3 -m unittest test_x.Y.test_z  one test; its folder stays when it fails
$ESTIBA names the program; $ESTIBA_SHARED_HOST=1 looks only at what bears this test's folder in its name,
for a host on which others start containers at the same time.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import urllib.request

from busybox_image import root_filesystem

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
import host_diff  # noqa: E402  the folder has just been added to the path

ESTIBA = os.path.abspath(os.environ.get("ESTIBA", ROOT / "build/release/estiba"))
IMAGE = "test/busybox"


class Result:
    """How a command ended."""

    def __init__(self, arguments, rc, out, err):
        self.arguments, self.rc, self.out, self.err = arguments, rc, out, err

    def __str__(self):
        return (f"estiba {' '.join(self.arguments)}: status {self.rc}\n"
                f"--- stdout\n{self.out}\n--- stderr\n{self.err}")


class Background:
    """A command that runs beside the test, its output in files."""

    def __init__(self, arguments, **options):
        self.arguments = arguments
        self.out_file, self.err_file = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = subprocess.Popen([ESTIBA, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=self.out_file, stderr=self.err_file, **options)

    def out(self):
        return self._read(self.out_file)

    def err(self):
        return self._read(self.err_file)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self, seconds=30):
        rc = self.process.wait(seconds)
        return Result(self.arguments, rc, self.out(), self.err())

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out_file.close()
        self.err_file.close()

    @staticmethod
    def _read(file):
        # pread leaves the position alone, which the running command shares with us.
        return os.pread(file.fileno(), 1 << 24, 0).decode(errors="replace")


class Scenario(unittest.TestCase):
    maxDiff = None
    needs_image = True

    def setUp(self):
        if not os.access(ESTIBA, os.X_OK):
            self.fail(f"there is no program at {ESTIBA}: build it first, or set $ESTIBA")
        if os.geteuid() != 0:
            self.fail("these scenarios start containers: run them as root")
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="estiba-e2e-"))
        self.top.chmod(0o755)  # an unprivileged user has to reach the project
        self.project = self.top / "demo"
        self.project.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": "/root", "LANG": "C.UTF-8",
                    "ESTIBA_ROOT": str(self.top / "root"), "ESTIBA_RUNDIR": str(self.top / "run")}
        self.backgrounds, self.projects, self.endings = [], [], []
        self.before = host_diff.snapshot()
        self.addCleanup(self._restore_host)
        self.addCleanup(self._end_servers)
        if self.needs_image:
            self.import_image()

    def tearDown(self):
        """The orderly end; what it leaves on the host is a failure of the test."""
        failed_before = self._failed()
        if failed_before:
            self._show_state()
        for background in self.backgrounds:
            background.end()
        for folder in dict.fromkeys([self.project, *self.projects]):
            if any(folder.glob("*compose*.y*ml")):
                self.run_estiba("--profile", "*", "down", "-v", "-t", "0", "--remove-orphans", cwd=folder)
        self._end_servers()
        left = host_diff.settled_difference(self.before, relevant=self._relevant)
        if left and not failed_before:
            self.fail("after `down` the host is not as before:\n" + "\n".join(left))

    def ends_with(self, end):
        """What ends a server that the test started: before the host is compared, the last one first."""
        self.endings.append(end)

    def _end_servers(self):
        while self.endings:
            self.endings.pop()()

    # -- running the program

    def run_estiba(self, *arguments, cwd=None, stdin="", env=None, timeout=60, prefix=()):
        """Runs it and returns how it ended, whatever that is."""
        try:
            done = subprocess.run([*prefix, ESTIBA, *map(str, arguments)], cwd=cwd or self.project,
                                  env={**self.env, **(env or {})}, input=stdin, capture_output=True,
                                  text=True, errors="replace", timeout=timeout)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"estiba {' '.join(map(str, arguments))} did not end in {timeout} s\n"
                                 f"{late.stdout}\n{late.stderr}") from None
        return Result(list(map(str, arguments)), done.returncode, done.stdout, done.stderr)

    def estiba(self, *arguments, rc=0, **options):
        """Runs it, wants that status, and returns what it wrote to standard output."""
        result = self.run_estiba(*arguments, **options)
        self.assertEqual(result.rc, rc, f"\n{result}")
        return result.out

    def fails(self, *arguments, says=(), rc=None, **options):
        """Runs it and wants a failure told in one clear sentence that has all of `says` in it."""
        result = self.run_estiba(*arguments, **options)
        self.assertNotEqual(result.rc, 0, f"this was to fail\n{result}")
        self.assertGreater(result.rc, 0, f"killed by a signal\n{result}")
        if rc is not None:
            self.assertEqual(result.rc, rc, f"\n{result}")
        for part in says:
            self.assertIn(part.lower(), result.err.lower(), f"\n{result}")
        self.assertTrue(result.err.strip(), f"it says nothing\n{result}")
        self.assertNotRegex(result.err, r"terminate called|std::|boost::|nlohmann|\[json\.exception",
                            f"\n{result}")
        return result

    def background(self, *arguments, cwd=None):
        started = Background(list(map(str, arguments)), cwd=cwd or self.project, env=self.env)
        self.backgrounds.append(started)
        return started

    # -- files and images

    def compose(self, text, folder=None, name="compose.yaml"):
        """Writes the project's file; @IMAGE@ in it is the image of these tests."""
        folder = folder or self.project
        folder.mkdir(exist_ok=True)
        if folder not in self.projects:
            self.projects.append(folder)
        (folder / name).write_text(textwrap.dedent(text).replace("@IMAGE@", IMAGE))

    def write(self, name, text, mode=0o644):
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        return path

    def import_image(self, name=IMAGE, files=None, changes=('CMD ["/bin/sh"]',)):
        """Debian's busybox-static as an image, with more files (path → text) if wanted."""
        archive = self.top / "image.tar"
        root_filesystem(archive, files or {})
        changes = [word for change in changes for word in ("-c", change)]
        self.estiba("image", "import", *changes, archive, name)
        archive.unlink()

    # -- looking

    def ps(self, *arguments, cwd=None):
        out = self.estiba("ps", "-a", "--format", "json", *arguments, cwd=cwd)
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    def container(self, service, cwd=None):
        """The one container of a service, as `ps` shows it."""
        found = [entry for entry in self.ps(cwd=cwd) if entry["Service"] == service]
        self.assertEqual(len(found), 1, f"containers of {service}: {found}")
        return found[0]

    def state(self, service):
        found = [entry["State"] for entry in self.ps() if entry["Service"] == service]
        return found[0] if found else None

    def sh(self, service, script, **options):
        """A shell's output in a running service, without the last newline."""
        return self.estiba("exec", "-T", service, "sh", "-c", script, **options).rstrip("\n")

    def until(self, what, condition, seconds=20.0):
        """Waits until condition() is true and returns its value; `what` names it in the failure."""
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                self.fail(f"did not happen in {seconds:g} s: {what}")
            time.sleep(0.05)

    def logs(self, *arguments):
        return self.estiba("logs", "--no-color", *arguments)

    def until_logged(self, text, *arguments, seconds=20.0):
        self.until(f"{text!r} in the logs", lambda: text in self.logs(*arguments), seconds)

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    @staticmethod
    def get(url, timeout=5):
        """A page's body, straight from the host."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=timeout) as reply:
            return reply.read().decode()

    def fetched(self, url):
        with contextlib.suppress(OSError):
            return self.get(url)
        return None

    def pid_of(self, service):
        """The main process's pid on the host."""
        return int(self.container(service)["Pid"])

    @staticmethod
    def start_time(pid):
        """Field 22 of /proc/PID/stat: with the pid it names one process for ever."""
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]

    def server_pid(self):
        """The server of this test's state directory."""
        found = [pid for pid in self._own_processes()
                 if "server" in host_diff.command_line(pid).split()[1:2]]
        return found[0] if found else None

    # -- the end

    def _own_processes(self):
        """The program's processes that belong to this test's state directory, containers not among them."""
        mark = f"ESTIBA_RUNDIR={self.top}".encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if not host_diff.is_ours(pid):
                continue
            with contextlib.suppress(OSError):
                environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
                if mark in environment or str(self.top) in host_diff.command_line(pid):
                    found.append(int(pid))
        return found

    def _relevant(self, line):
        return not os.environ.get("ESTIBA_SHARED_HOST") or str(self.top) in line or any(
            line.startswith(f"+ process {pid} ") for pid in self._own_processes())

    def _failed(self):
        # _outcome.success is of no use: within tearDown it speaks of tearDown alone.
        result = self._outcome.result
        return any(test is self for test, _ in result.failures + result.errors)

    def _show_state(self):
        """What a failure is understood by, as far as it can still be had."""
        with contextlib.suppress(Exception):
            for background in self.backgrounds:
                print(Result(background.arguments, background.process.poll(), background.out(),
                             background.err()), file=sys.stderr)
            for arguments in (("ps", "-a"), ("logs", "--no-color", "--tail", "20")):
                print(self.run_estiba(*arguments, timeout=10), file=sys.stderr)
            print((self.top / "run/estiba.log").read_text()[-4000:], file=sys.stderr)

    def _restore_host(self):
        """Takes away what an orderly end has not, so that the next test starts from a clean host."""
        for background in self.backgrounds:
            with contextlib.suppress(ValueError):
                background.end()
        roots = self._own_processes()
        for pid in roots + descendants(roots):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for line in sorted(host_diff.mounts(), reverse=True):
            if line.split()[1].startswith(str(self.top)):
                subprocess.run(["umount", "-l", line.split()[1]], capture_output=True)
        if not os.environ.get("ESTIBA_SHARED_HOST"):
            self._remove_kernel_objects()
        if not (os.environ.get("KEEP_FAILED") and self._failed()):
            shutil.rmtree(self.top, ignore_errors=True)

    def _remove_kernel_objects(self):
        for line in host_diff.difference(self.before, host_diff.snapshot()):
            sign, kind, *rest = line.split()
            if sign == "+" and kind == "interface" and rest[0].startswith("est"):
                subprocess.run(["ip", "link", "del", rest[0]], capture_output=True)
            elif sign == "+" and kind == "nft" and "estiba" in rest[-1]:
                subprocess.run(["nft", "delete", *rest], capture_output=True)
        ours = [line.split()[-1] for line in host_diff.snapshot() - self.before
                if line.startswith("cgroup ") and "estiba" in line]
        for folder in sorted(ours, reverse=True):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def descendants(roots):
    """All processes beneath the given ones."""
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
            children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(pid))
    found, waiting = [], list(roots)
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.append(child)
            waiting.append(child)
    return found

