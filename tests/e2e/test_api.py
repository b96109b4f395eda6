"""The server's socket, as whoever can reach it may use it."""
import array
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys

from harness import Scenario

NOBODY = 65534


class Socket(Scenario):
    def setUp(self):
        super().setUp()
        self.compose("services: {a: {image: @IMAGE@, init: true, command: sleep 1000}}")
        self.estiba("up", "-d")
        self.path = str(self.top / "run/estiba.sock")

    def connected(self):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(20)
        client.connect(self.path)
        return client

    def ask(self, request, fds=()):
        """The answer's lines, and the descriptors beside them."""
        data = request if isinstance(request, bytes) else json.dumps(request).encode()
        client = self.connected()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendmsg([data[:1]], rights)
            client.sendall(data[1:] + b"\n")
        text, received = b"", []
        with contextlib.suppress(ConnectionResetError):
            while True:
                piece, control, _, _ = client.recvmsg(65536, socket.CMSG_SPACE(64))
                for _, _, bytes_ in control:
                    received += array.array("i", bytes_)
                if not piece:
                    break
                text += piece
        client.close()
        return [json.loads(line) for line in text.splitlines()], received

    def error(self, request, **options):
        lines, _ = self.ask(request, **options)
        self.assertEqual(len(lines), 1, lines)
        message = lines[0]["error"]["message"]
        self.assertNotRegex(message, r"unexpected|json\.exception|std::|map::at")
        return message

    def open_files(self):
        return len(os.listdir(f"/proc/{self.server_pid()}/fd"))

    def test_what_is_no_request_is_one_error_and_harms_nobody(self):
        server = self.server_pid()
        model = {"name": "demo", "services": {"a": {"image": "x"}}}
        for request in (b"x", b"[]", b"1", b"{}", b'{"method": "ps\xff"}', b"[" * 1_000_000,
                        {"method": "nosuch"}, {"method": "ps", "params": 1}, {"method": "ps", "params": {"project": []}},
                        {"method": "exec", "params": {"id": 1}}, {"method": "wait", "params": {"ids": "a"}},
                        {"method": "stop", "params": {"project": "demo", "timeout": 2 ** 63}},
                        {"method": "network_create", "params": {"name": "n", "labels": {"a": 1}}},
                        {"method": "network_create", "params": {"name": "n", "subnets": [1]}},
                        {"method": "volume_create", "params": {"name": "v", "options": []}},
                        {"method": "up", "params": {"project": "demo"}}, {"method": "up"},
                        {"method": "up", "params": {"project": {"name": "demo", "services": ["a"]}}},
                        {"method": "up", "params": {"project": {"name": "demo", "services": {"a": {"ports": 1}}}}},
                        {"method": "up", "params": {"project": {**model, "x-estiba": {"places": {"services.a": [1, 2, 3]}}}}},
                        {"method": "up", "params": {"project": model, "options": {"scale": {"a": "x"}}}},
                        {"method": "run", "params": {"project": model, "service": "a", "args": {}}},
                        {"method": "run", "params": {"project": model, "service": "b"}},
                        {"method": "step", "params": {"lower": ["/"], "upper": "/u", "work": "/w", "args": ["x"],
                                                      "mounts": [1]}}):
            with self.subTest(request=str(request)[:100]):
                self.error(request)
        self.assertEqual(self.server_pid(), server, "the server goes on")
        self.assertEqual(self.state("a"), "running")
        self.assertNotIn("\nn ", self.estiba("network", "ls"), "and nothing was half made")

    def test_names_cannot_write_lines_of_files(self):
        for method, params in (("network_create", {"name": "n\nx"}), ("network_create", {"name": "../n"}),
                               ("volume_create", {"name": "v\x1b[2J"}), ("volume_create", {"name": "a\0b"})):
            self.assertTrue(self.error({"method": method, "params": params}))
        for change in ({"hostname": "h\n192.0.2.9 bank"}, {"extra_hosts": ["a b=192.0.2.9"]}, {"dns": ["1.1.1.1\noptions x"]},
                       {"domainname": "d\nx"}, {"container_name": "c\nd"}, {"cgroup_parent": "x\ny"}):
            service = {"image": "test/busybox", **change}
            project = {"name": "other", "services": {"a": service}}
            self.assertTrue(self.error({"method": "up", "params": {"project": project}}), change)
        self.assertEqual([each["Name"] for each in json.loads(self.estiba("ls", "-a", "--format", "json"))], ["demo"])

    def test_descriptors_that_nobody_asked_for_are_closed(self):
        self.ask({"method": "ps"})
        before = self.open_files()
        pipe = os.pipe()
        self.addCleanup(lambda: [os.close(end) for end in pipe])
        for count in (1, 2, 4, 8):
            self.error({"method": "ps"}, fds=[pipe[0]] * count)
            self.error({"method": "exec", "params": {"id": "x" * 64}}, fds=[pipe[0]] * count)
        self.ask({"method": "ps"}, fds=[pipe[0]] * 60)
        waiting = self.connected()
        waiting.sendall(b'{"method": "events"}\n')
        waiting.recv(100)
        for _ in range(20):
            waiting.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [pipe[0]] * 8))])
        self.ask({"method": "ps"})
        self.assertLessEqual(self.open_files(), before + 3)
        waiting.close()

    def test_a_client_that_says_nothing_or_stops_reading_holds_up_nobody(self):
        silent, half, deaf = self.connected(), self.connected(), self.connected()
        half.sendall(b'{"method": "ps"')
        deaf.sendall(b'{"method": "events"}\n')
        self.assertEqual(self.sh("a", "echo fine"), "fine")
        self.estiba("restart", "-t", "0")
        for client in (silent, half, deaf):
            client.close()
        self.assertEqual(self.state("a"), "running")

    def test_the_root_of_a_container_is_handed_over_while_it_runs(self):
        identity = self.container("a")["ID"]
        whole = next(name for name in os.listdir(self.top / "root/containers") if name.startswith(identity))
        pid = self.pid_of("a")
        lines, fds = self.ask({"method": "root", "params": {"id": whole}})
        self.assertEqual([list(line)[0] for line in lines], ["event", "result"])
        there, here = os.stat(f"/proc/{pid}/root"), os.fstat(fds[0])
        os.close(fds[0])
        self.assertEqual((there.st_dev, there.st_ino), (here.st_dev, here.st_ino))
        self.estiba("stop", "-t", "0")
        self.assertIn("ended", self.error({"method": "root", "params": {"id": whole}}))

    def test_nobody_but_root_is_served(self):
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(self.top / "run").st_mode & 0o777, 0o700)
        script = (f"import os, socket; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
                  f"s = socket.socket(socket.AF_UNIX); s.connect({self.path!r})\n"
                  "s.sendall(b'{\"method\": \"ps\"}\\n'); print(s.recv(100))")
        ask = [sys.executable, "-c", script]
        refused = subprocess.run(ask, capture_output=True, text=True, timeout=30)
        self.assertIn("PermissionError", refused.stderr)
        # Whoever opens the doors by mistake: the server looks who comes.
        os.chmod(self.path, 0o666)
        os.chmod(self.top / "run", 0o755)
        served = subprocess.run(ask, capture_output=True, text=True, timeout=30)
        self.assertNotIn("containers", served.stdout)

    def test_a_command_talks_to_nobody_but_root(self):
        place = pathlib.Path(self.top / "theirs")
        place.mkdir()
        os.chown(place, NOBODY, NOBODY)
        script = (f"import os, socket, sys; os.setgid({NOBODY}); os.setuid({NOBODY})\n"
                  f"s = socket.socket(socket.AF_UNIX); s.bind({str(place / 'estiba.sock')!r}); s.listen()\n"
                  "print('ready', flush=True); sys.stdin.read()")
        other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ends_with((place / "estiba.sock").unlink)
        self.ends_with(lambda: other.communicate("", timeout=20))
        self.assertEqual(other.stdout.readline(), "ready\n")
        self.fails("ps", says=["not root"], env={"ESTIBA_RUNDIR": str(place)}, timeout=20)

    def test_no_server_is_started_where_others_write(self):
        place = pathlib.Path(self.top / "open")
        place.mkdir()
        place.chmod(0o777)
        self.fails("up", "-d", says=["written by others"], env={"ESTIBA_RUNDIR": str(place)})
