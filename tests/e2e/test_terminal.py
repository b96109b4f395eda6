"""`exec` and `run` with a terminal, as somebody at a keyboard uses them."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from harness import ESTIBA, Scenario


class Terminal:
    """A command on a pseudo-terminal of 100 × 30: type into it, wait for what it shows."""

    def __init__(self, arguments, cwd, env):
        self.master, slave = pty.openpty()
        self.resize(30, 100)
        self.process = subprocess.Popen(
            [ESTIBA, *arguments], cwd=cwd, env={**env, "TERM": "xterm"}, stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.saved = termios.tcgetattr(slave)
        self.slave, self.shown = slave, ""

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, text, seconds=15):
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            self.read(0.1)
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} was not shown in {seconds} s, but: {self.shown!r}")

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.shown += os.read(self.master, 65536).decode(errors="replace")

    def wait(self, seconds=15):
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            self.read(0.05)
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"it did not end in {seconds} s, and shows: {self.shown!r}")
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Exec(Scenario):
    def setUp(self):
        super().setUp()
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
              shell: {image: @IMAGE@, tty: true, stdin_open: true, command: sh, profiles: [manual]}
        """)
        self.estiba("up", "-d")

    def terminal(self, *arguments):
        opened = Terminal(arguments, self.project, self.env)
        self.addCleanup(opened.close)
        return opened

    def test_a_shell_is_usable_and_its_status_comes_back(self):
        shell = self.terminal("exec", "a", "sh")
        shell.type("echo $((6*7))-answer; test -t 0 && echo is-a-tty\n")
        shell.until("42-answer")
        shell.until("is-a-tty")
        shell.type("exit 5\n")
        self.assertEqual(shell.wait(), 5)

    def test_the_detach_keys_end_the_attachment_alone(self):
        self.estiba("up", "-d", "shell")
        attached = self.terminal("attach", "shell")
        attached.type("echo $((6*7))-answer\n")
        attached.until("42-answer")
        attached.type("\x10\x11")
        self.assertEqual(attached.wait(), 1)
        attached.until("read escape sequence")
        self.assertEqual(self.state("shell"), "running")

    def test_the_terminal_has_the_users_size_and_follows_it(self):
        shell = self.terminal("exec", "a", "sh")
        shell.type("stty size\n")
        shell.until("30 100")
        shell.resize(40, 120)
        os.kill(shell.process.pid, 28)  # SIGWINCH: resizing from the master's side signals the session's leader
        shell.type("sleep 0.3; stty size\n")
        shell.until("40 120")
        shell.type("exit\n")
        shell.wait()

    def test_ctrl_c_goes_to_the_program_inside(self):
        shell = self.terminal("exec", "a", "sh")
        shell.type("sleep 1000\n")
        shell.until("sleep 1000")
        time.sleep(0.2)  # until the shell has started it nothing shows
        shell.type("\x03")
        shell.type("echo still-$((1+1))-here\n")
        shell.until("still-2-here")
        shell.type("exit 0\n")
        self.assertEqual(shell.wait(), 0)

    def test_the_users_terminal_is_as_before_afterwards(self):
        shell = self.terminal("exec", "a", "sh", "-c", "echo up-and-running; read line")
        shell.until("up-and-running")
        shell.type("\n")
        shell.wait()
        self.assertEqual(termios.tcgetattr(shell.slave)[:4], shell.saved[:4])

    def test_run_with_a_terminal(self):
        shell = self.terminal("run", "--rm", "shell")
        shell.type("echo $((40+2))-in-run\n")
        shell.until("42-in-run")
        shell.type("exit 6\n")
        self.assertEqual(shell.wait(), 6)
