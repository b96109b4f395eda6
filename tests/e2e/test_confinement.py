"""What a container may and may not do by default, and the limits that a service asks for."""
import re

from harness import IMAGE, Scenario


class Defaults(Scenario):
    def setUp(self):
        super().setUp()
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000}
              user: {image: @IMAGE@, init: true, command: sleep 1000, user: "1000:1000"}
        """)
        self.estiba("up", "-d")

    def status(self, service, process="self"):
        # Not through a shell: busybox's ignores SIGQUIT for what it starts.
        text = self.estiba("exec", "-T", service, "cat", f"/proc/{process}/status")
        return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.M))

    def test_capabilities_and_seccomp_of_root_and_of_a_user(self):
        for process in ("1", "self"):
            root = self.status("a", process)
            self.assertEqual([root[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
                             ["0" * 16, "00000000a80425fb", "00000000a80425fb", "00000000a80425fb", "0" * 16])
            self.assertEqual((root["Seccomp"], root["SigIgn"]), ("2", "0" * 16))
            user = self.status("user", process)
            self.assertEqual((user["CapEff"], user["CapPrm"], user["CapBnd"]),
                             ("0" * 16, "0" * 16, "00000000a80425fb"))

    def test_the_kernels_interfaces_are_closed(self):
        for script in ("echo x >/proc/sys/kernel/hostname", "echo b >/proc/sysrq-trigger", "echo 1 >/sys/kernel/x",
                       "mount -t tmpfs none /mnt", "mknod /tmp/disk b 8 0 && head -c1 /tmp/disk",
                       "unshare -m true", "head -c1 /proc/kcore | grep ."):
            result = self.run_estiba("exec", "-T", "a", "sh", "-c", script)
            self.assertNotEqual(result.rc, 0, f"{script}\n{result}")

    def test_nothing_of_the_host_shows(self):
        self.assertEqual(self.sh("a", "ls /sys/class/net").split(), ["eth0", "lo"])
        self.assertLess(len(self.sh("a", "ls -d /proc/[0-9]*").split()), 8)
        self.assertNotIn(str(self.top), self.sh("a", "cut -d' ' -f5 /proc/self/mountinfo; env"))
        self.assertNotIn("ESTIBA", self.sh("a", "cat /proc/1/environ; env"))


class WaysIn(Scenario):
    """Whatever starts a process within a container looks nothing up through a descriptor of the host's."""

    def outside(self, number):
        return f"/proc/self/fd/{number}/../../../../../../../..{self.top}/made-{number}"

    def test_no_working_directory_is_made_on_the_host(self):
        self.compose("services: {a: {image: @IMAGE@, init: true, command: sleep 1000}}")
        self.estiba("up", "-d")
        for number in range(3, 16):
            for command in (["exec", "-T", "-w", self.outside(number), "a", "true"],
                            ["run", "--rm", "-T", "-w", self.outside(number), "a", "true"]):
                self.assertNotEqual(self.run_estiba(*command).rc, 0)
        self.estiba("down")
        for number in range(3, 16):
            self.compose(f"""
                services:
                  a:
                    image: @IMAGE@
                    init: true
                    command: sleep 1000
                    post_start: [{{command: "true", working_dir: "{self.outside(number)}"}}]
            """)
            self.assertNotEqual(self.run_estiba("up", "-d").rc, 0)
            self.estiba("down")
            self.write("Dockerfile", f"FROM {IMAGE}\nWORKDIR {self.outside(number)}\nRUN true\n")
            self.run_estiba("image", "build", "-t", "test/way-in", ".")
        self.assertEqual(sorted(path.name for path in self.top.glob("made-*")), [])

    def test_standard_input_from_nowhere_is_the_null_device(self):
        (self.project / "dev").mkdir()
        (self.project / "dev/null").symlink_to("/etc/passwd")
        self.compose("""
            services:
              a:
                image: @IMAGE@
                volumes: ["./dev:/dev"]
                command: ["stat", "-L", "-c", "%F %t:%T", "/proc/self/fd/0"]
        """)
        self.estiba("up", "-d")
        self.until("it has ended", lambda: self.state("a") == "exited")
        self.assertIn("character special file 1:3", self.estiba("logs", "a"))


class Limits(Scenario):
    def test_memory_beyond_the_limit_kills_and_the_code_says_so(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, mem_limit: 16m, memswap_limit: 16m, command: [sh, -c, "tail /dev/zero"]}
              beside: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        self.until("it was killed", lambda: self.state("a") == "exited")
        self.assertEqual(self.container("a")["ExitCode"], 137)
        self.assertEqual(self.state("beside"), "running")

    def test_a_fork_bomb_is_bounded_and_down_ends_it(self):
        self.compose("""
            services:
              bomb: {image: @IMAGE@, pids_limit: 50, command: [sh, -c, "f() { f & f & sleep 5; }; while :; do f; done"]}
              beside: {image: @IMAGE@, init: true, command: sleep 1000}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.sh("beside", "echo fine"), "fine")
        self.estiba("down", "-t", "1")
        self.assertEqual(self.ps(), [])

    def test_what_a_service_asks_for_it_gets(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                hostname: named
                cap_drop: [ALL]
                cap_add: [KILL]
                security_opt: ["no-new-privileges:true"]
                sysctls: {net.core.somaxconn: 77}
                ulimits: {nofile: {soft: 4, hard: 456}}
                shm_size: 8m
                extra_hosts: ["elsewhere:192.0.2.7"]
                group_add: ["1000"]
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "hostname; cat /proc/sys/net/core/somaxconn; ulimit -Sn; ulimit -Hn"),
                         "named\n77\n4\n456")
        self.assertIn("0000000000000020", self.sh("a", "grep CapEff /proc/self/status"))
        self.assertIn("1", self.sh("a", "grep NoNewPrivs /proc/self/status"))
        self.assertIn("size=8192k", self.sh("a", "grep /dev/shm /proc/mounts"))
        self.assertIn("192.0.2.7", self.sh("a", "grep elsewhere /etc/hosts"))
        self.assertIn("1000", self.sh("a", "id -G").split())


class Refusals(Scenario):
    """What cannot be kept is refused before anything is made, instead of being forgotten."""

    def test_what_confines_and_cannot_be_kept_is_refused(self):
        for written, says in (("security_opt: ['apparmor=mine']", "apparmor=mine"),
                              ("security_opt: ['apparmor:docker-default']", "apparmor"),
                              ("security_opt: ['seccomp']", "seccomp"),
                              ("security_opt: ['no-new-privileges:perhaps']", "no-new-privileges"),
                              ("security_opt: ['systempaths=some']", "systempaths"),
                              ("security_opt: ['nonsense=1']", "nonsense"),
                              ("runtime: runsc", "runsc"), ("isolation: hyperv", "hyperv"),
                              ("userns_mode: keep-id", "keep-id"), ("pid: hots", "hots"), ("ipc: hots", "hots"),
                              ("uts: hots", "hots"), ("sysctls: {net/../vm/swappiness: 7}", "net/../vm/swappiness"),
                              ("network_mode: host, sysctls: {net.core.somaxconn: 7}", "shares that namespace"),
                              ("volumes: [{type: image, source: x, target: /d, image: {subpath: ../x}}]", "../x")):
            self.compose(f"services: {{a: {{image: not-there, {written}}}}}")
            for command in (["up", "-d"], ["create"], ["run", "--rm", "a", "true"]):
                self.fails(*command, says=["services.a", says])
            self.assertEqual(self.estiba("network", "ls", "-q") + self.estiba("ps", "-aq"), "")

    def test_what_means_nothing_here_is_said_and_what_holds_anyway_is_not(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                userns_mode: host
                security_opt: ["apparmor=unconfined", "label=type:x_t", "label=disable", "no-new-privileges"]
        """)
        said = self.run_estiba("up", "-d")
        self.assertEqual(said.rc, 0, said)
        self.assertIn("label=type:x_t means nothing here", said.err)
        self.assertEqual(said.err.count("means nothing"), 1)
        self.assertIn("1", self.sh("a", "grep NoNewPrivs /proc/self/status"))
