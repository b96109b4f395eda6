"""What containers, images and files say is shown on a terminal, never obeyed by it."""
import os
import pty
import re
import select
import subprocess

from harness import ESTIBA, IMAGE, Scenario

# ESC, the other controls but line end and tab, C1 as UTF-8 and as bytes, and what turns text around.
STEERS = re.compile(b"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
                    b"|(?<![\xc2-\xf4\x80-\xbf])[\x80-\xbf]")
HOSTILE = "\x1b]0;title\x07\x1b[2J\u202e\u009b1A\x7f"


class ForeignText(Scenario):
    def raw(self, *arguments, rc=0):
        """Both streams as bytes, which must not steer a terminal."""
        done = subprocess.run([ESTIBA, *arguments], cwd=self.project, env=self.env, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, rc, done)
        for stream in (done.stdout, done.stderr):
            self.assertNotRegex(stream, STEERS, f"{arguments} shows {stream!r}")
        return done.stdout + done.stderr

    def on_a_terminal(self, *arguments):
        master, slave = pty.openpty()
        process = subprocess.Popen([ESTIBA, *arguments], cwd=self.project, env={**self.env, "TERM": "xterm"},
                                   stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        shown = b""
        while select.select([master], [], [], 15)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:  # nobody has the other end any more
                break
        os.close(master)
        process.wait(15)
        return shown

    def up_with_a_hostile_command(self):
        self.compose(r"""
            services:
              a:
                image: @IMAGE@
                init: true
                command:
                  - sh
                  - -c
                  - "x='\e]0;title\a\e[2J\u202E\x9b'; sh -c 'sleep 1000; :' \"$$(printf 'n\\033[2J\\233\\377')\"; :"
        """)
        self.estiba("up", "-d")
        self.until("the inner shell runs", lambda: "sleep 1000" in self.sh("a", "ps -o args"))

    def test_lists_of_containers_and_of_processes_show_escapes(self):
        self.up_with_a_hostile_command()
        for arguments in (["ps", "--no-trunc"], ["ps", "-a"], ["ps", "--no-trunc", "--format", "json"],
                          ["ps", "--no-trunc", "--format", "{{.Command}}"],
                          ["ps", "--no-trunc", "--format", "table {{.Name}}\t{{.Command}}"],
                          ["stats", "--no-stream"], ["ls"]):
            self.raw(*arguments)
        self.assertIn(rb"n\x1b[2J\x9b\xff", self.raw("top"))
        self.assertIn(rb"\x1b[2J\u202e", self.raw("ps", "--no-trunc"))

    def test_no_row_of_a_table_is_made_up(self):
        self.compose(r"""
            services:
              a: {image: @IMAGE@, init: true, command: [sh, -c, "sleep 1000; :", "x\nmade-up running"]}
        """)
        self.estiba("up", "-d")
        self.assertEqual(len(self.raw("ps", "--no-trunc").splitlines()), 2)

    def test_images_show_escapes(self):
        self.import_image("test/hostile", changes=(f'LABEL evil="{HOSTILE}"', f'ENV E="{HOSTILE}"',
                                                   f'CMD ["sh", "-c", "{HOSTILE}"]'.replace("\x1b", "\\u001b")
                                                   .replace("\x07", "\\u0007")))
        for arguments in (["inspect", "test/hostile"], ["history", "--no-trunc", "test/hostile"], ["ls"],
                          ["inspect", "-f", "{{json .Config}}", "test/hostile"],
                          ["inspect", "-f", "{{.Config.Labels}} {{.Config.Env}}", "test/hostile"],
                          ["inspect", "-f", "{{index .Config.Labels \"evil\"}}", "test/hostile"]):
            self.raw("image", *arguments)

    def test_errors_and_warnings_show_escapes(self):
        self.compose(r"""
            services:
              a: {image: @IMAGE@, command: ["/no\e[2J\u202E/such"]}
        """)
        self.assertIn(rb"\x1b[2J", self.raw("up", "-d", rc=127))
        self.assertIn(rb"\x1b[2J", self.raw("exec", "\x1b[2J", "true", rc=1))
        self.compose('services: {a: {image: "@IMAGE@", "un\\e[2Jknown": 1}}')
        self.assertIn(rb"\x1b[2J", self.raw("up", rc=1))

    def test_on_a_terminal_a_file_and_the_progress_show_escapes(self):
        self.compose(r"""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, labels: {l: "\e]0;title\a\u009b"}}
            volumes: {v: {labels: {l: "\e]0;title\a"}}}
        """)
        for arguments in (["config"], ["up", "-d"], ["up", "-d", "--dry-run"]):
            shown = self.on_a_terminal(*arguments)
            self.assertNotIn(b"\x1b]0;", shown)
            self.assertNotIn(b"\xc2\x9b", shown)

    def test_a_builds_output_keeps_its_colours_and_moves_nothing(self):
        self.compose("services: {a: {image: test/built, build: .}}")
        self.write("Dockerfile", f"FROM {IMAGE}\n" + r"RUN printf '\033[2J\033]0;t\007\033[31mred\033[m 1%%\r2%%\n'" + "\n")
        shown = subprocess.run([ESTIBA, "--progress", "plain", "build"], cwd=self.project, env=self.env,
                               capture_output=True, timeout=60)
        self.assertEqual(shown.returncode, 0, shown)
        self.assertIn(b" 2%", shown.stderr)
        self.assertNotRegex(re.sub(rb"\x1b\[[0-9;]*m", b"", shown.stderr), STEERS)
        self.write("Dockerfile", f"FROM {IMAGE}\n" + r"RUN printf '\033[2J\033[31mred\n'; false" + "\n")
        self.assertIn(b"red", self.raw("--progress", "quiet", "build", rc=1))

    def test_what_is_asked_for_as_it_is_stays_as_it_is(self):
        self.compose(r"""
            services:
              a: {image: @IMAGE@, init: true, command: [sh, -c, "printf '\\033[31mred\\n'; sleep 1000"]}
        """)
        self.estiba("up", "-d")
        self.until_logged("red")
        self.assertIn("\x1b[31mred", self.logs())
        self.assertEqual(self.sh("a", r"printf '\033[2J'"), "\x1b[2J")

    def test_completion_offers_no_word_that_a_shell_would_run(self):
        self.compose("""
            services:
              web: {image: x, profiles: ["$(touch made-by-completion)", night]}
        """)
        script = self.estiba("completion", "bash") + f"""
COMP_WORDS=({ESTIBA} --profile ''); COMP_CWORD=2
_estiba; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        done = subprocess.run(["bash", "--norc", "-c", script], cwd=self.project, env=self.env, capture_output=True,
                              text=True, timeout=30)
        self.assertFalse((self.project / "made-by-completion").exists())
        self.assertEqual(done.stdout.split(), ["night"])
