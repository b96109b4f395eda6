"""What is wrong is said in one clear sentence, with a failing status, and leaves nothing behind."""
import os
import shutil
import socket
import subprocess

from harness import ESTIBA, Scenario


class BadFiles(Scenario):
    needs_image = False

    def refused(self, text, *says):
        self.compose(text)
        self.fails("up", "-d", says=says)

    def test_no_file_at_all(self):
        self.fails("up", "-d", says=["compose.yaml"])

    def test_a_named_file_that_does_not_exist(self):
        self.fails("-f", "nowhere.yaml", "up", "-d", says=["nowhere.yaml", "does not exist"])

    def test_an_empty_file(self):
        self.refused("", "compose.yaml", "empty")

    def test_a_folder_instead_of_a_file(self):
        (self.project / "compose.yaml").mkdir()
        self.fails("-f", "compose.yaml", "up", "-d", says=["compose.yaml", "directory"])

    def test_binary_garbage(self):
        (self.project / "compose.yaml").write_bytes(bytes(range(256)) * 16)
        self.fails("up", "-d", says=["compose.yaml"])

    def test_a_program_instead_of_a_file(self):
        shutil.copy("/bin/true", self.project / "compose.yaml")
        self.fails("up", "-d", says=["compose.yaml"])

    def test_tabs_as_indentation(self):
        self.refused("services:\n\ta:\n\t\timage: x\n", "compose.yaml:2", "tab")

    def test_a_cycle_is_named_whole(self):
        self.refused("""
            services:
              a: {image: x, depends_on: [b]}
              b: {image: x, depends_on: [c]}
              c: {image: x, depends_on: [a]}
        """, "a -> b -> c -> a")

    def test_an_undefined_network(self):
        self.refused("services: {a: {image: x, networks: [nowhere]}}", "a", "nowhere", "network")

    def test_an_undefined_volume(self):
        self.refused("services: {a: {image: x, volumes: ['nowhere:/data']}}", "a", "nowhere", "volume")

    def test_an_undefined_dependency(self):
        self.refused("services: {a: {image: x, depends_on: [nobody]}}", "a", "nobody")

    def test_a_mistyped_key_comes_with_place_and_suggestion(self):
        self.refused("services:\n  a:\n    imagee: x\n", "compose.yaml:3:5", "imagee", "image")

    def test_a_key_that_stands_twice(self):
        self.refused("services:\n  a:\n    image: x\n    image: y\n", "compose.yaml:4", "image")

    def test_a_required_variable_that_is_not_set(self):
        self.refused("services: {a: {image: '${NOT_SET:?give the image}'}}", "NOT_SET", "give the image")

    def test_neither_image_nor_build(self):
        self.refused("services: {a: {command: x}}", "a", "image", "build")

    def test_an_unknown_command_and_an_unknown_flag(self):
        self.compose("services: {a: {image: x}}")
        self.fails("upp", says=["upp"])
        self.fails("up", "--no-such-flag", says=["no-such-flag"])

    def test_an_unknown_service(self):
        self.compose("services: {a: {image: x}}")
        self.fails("up", "-d", "nobody", says=["nobody"], rc=1)


class BadStarts(Scenario):
    def assert_nothing_runs(self):
        self.assertEqual([entry for entry in self.ps() if entry["State"] == "running"], [])

    def test_an_image_that_does_not_exist(self):
        self.compose("services: {a: {image: test/not-there, pull_policy: never}}")
        self.fails("up", "-d", says=["a", "test/not-there"])
        self.assert_nothing_runs()

    def test_a_port_in_use_names_its_holder(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            self.compose(f"""
                services:
                  a: {{image: @IMAGE@, init: true, command: sleep 1000, ports: ["127.0.0.1:{port}:80"]}}
            """)
            self.fails("up", "-d", says=["a", str(port), str(os.getpid())])
        self.assert_nothing_runs()

    def test_a_port_of_another_project_names_the_project(self):
        port = self.free_port()
        text = f"""
            services:
              web: {{image: @IMAGE@, init: true, command: sleep 1000, ports: ["127.0.0.1:{port}:80"]}}
        """
        self.compose(text)
        self.compose(text, folder=self.top / "other")
        self.estiba("up", "-d")
        self.fails("up", "-d", cwd=self.top / "other", says=[str(port), "demo"])
        self.assertEqual(self.state("web"), "running")

    def test_a_bind_source_that_must_exist(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                volumes: [{type: bind, source: ./missing, target: /data, bind: {create_host_path: false}}]
        """)
        self.fails("up", "-d", says=["a", "missing"])
        self.assertFalse((self.project / "missing").exists())
        self.assert_nothing_runs()

    def test_more_processors_than_there_are(self):
        self.compose("services: {a: {image: @IMAGE@, cpus: 9999}}")
        self.fails("up", "-d", says=["services.a", "cpus", "this host has"])
        self.assert_nothing_runs()

    def test_a_container_name_that_is_none(self):
        self.compose("services: {a: {image: @IMAGE@, container_name: 'bad name'}}")
        self.fails("up", "-d", says=["container_name", "bad name"])
        self.assert_nothing_runs()

    def test_a_command_that_the_image_does_not_have(self):
        self.compose("services: {a: {image: @IMAGE@, command: [/no/such/program]}}")
        self.fails("up", "-d", says=["a", "/no/such/program"], rc=127)
        self.assert_nothing_runs()
        self.fails("run", "--rm", "-T", "a", says=["/no/such/program"], rc=127)

    def test_a_command_that_is_not_executable(self):
        self.compose("services: {a: {image: @IMAGE@, command: [/etc/passwd]}}")
        self.fails("up", "-d", says=["a", "/etc/passwd"], rc=126)

    def test_a_service_that_ends_at_once_fails_wait(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, command: [sh, -c, "echo why it ended >&2; exit 5"]}
        """)
        self.fails("up", "-d", "--wait", says=["a", "5"], rc=1)

    def test_an_undefined_user(self):
        self.compose("services: {a: {image: @IMAGE@, init: true, command: sleep 1000, user: nobody-knows}}")
        self.fails("up", "-d", says=["a", "nobody-knows"])
        self.assert_nothing_runs()

    def test_an_external_network_that_does_not_exist(self):
        self.compose("""
            services: {a: {image: @IMAGE@, command: sleep 1000}}
            networks: {default: {external: true, name: not-there}}
        """)
        self.fails("up", "-d", says=["not-there"])
        self.assert_nothing_runs()

    def test_one_bad_service_leaves_nothing_after_down(self):
        self.compose("""
            services:
              good: {image: @IMAGE@, init: true, command: sleep 1000, networks: [n], volumes: ["data:/data"]}
              bad: {image: @IMAGE@, command: [/no/such/program], networks: [n], depends_on: [good]}
            networks: {n: {}}
            volumes: {data: {}}
        """)
        self.fails("up", "-d", says=["bad", "/no/such/program"], rc=127)
        self.estiba("down", "-v")
        self.assertEqual(self.ps(), [])

    def test_without_root_it_says_so(self):
        self.compose("services: {a: {image: @IMAGE@, command: sleep 1000}}")
        # The program may lie in a folder that an unprivileged user cannot enter.
        program = self.top / "estiba"
        shutil.copy(ESTIBA, program)
        program.chmod(0o755)
        os.chmod(self.top, 0o755)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "up", "-d"],
            cwd=self.project, env=self.env, capture_output=True, text=True, timeout=30)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("root", done.stderr.lower())
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
