"""What a shell completes, asked as the shell asks."""
import os
import shlex
import shutil
import subprocess

from harness import ESTIBA, Scenario


class Completion(Scenario):
    needs_image = False

    def completed(self, *words):
        """What bash offers for these words, the last one being typed."""
        script = self.estiba("completion", "bash") + f"""
COMP_WORDS=({shlex.join([ESTIBA, *words])}); COMP_CWORD={len(words)}
_estiba; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        done = subprocess.run(["bash", "--norc", "-c", script], cwd=self.project, env=self.env, capture_output=True,
                              text=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_bash_completes_commands_flags_services_and_attributes(self):
        self.compose("""
            services:
              web: {image: x}
              worker: {image: x, profiles: [night]}
              db: {image: x}
        """)
        self.assertEqual(self.completed("conf"), ["config"])
        self.assertEqual(self.completed("config", "--lock"), ["--lock-image-digests"])
        self.assertEqual(self.completed("stop", "w"), ["web", "worker"])
        self.assertEqual(self.completed("--profile", ""), ["night"])
        self.assertEqual(self.completed("attributes", "services.web.bui"), ["services.web.build."])
        # A file that cannot be read completes nothing, and says nothing in the middle of a line.
        self.compose("services: [")
        self.assertEqual(self.completed("stop", "w"), [])

    def in_shell(self, shell, *options, script):
        """What a script prints in a shell that knows the program by its name."""
        if not shutil.which(shell):
            self.skipTest(f"{shell} is not installed")
        path = f"{os.path.dirname(ESTIBA)}:{self.env.get('PATH', '/usr/bin:/bin')}"
        done = subprocess.run([shell, *options, "-c", script], cwd=self.project, env={**self.env, "PATH": path},
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def three_services(self):
        self.compose("services: {web: {image: x}, worker: {image: x, profiles: [night]}, db: {image: x}}\n")

    def test_zsh_loads_the_script_and_is_given_words_meanings_and_files(self):
        self.three_services()
        begin = "autoload -Uz compinit; compinit -u -D; source <(estiba completion zsh)\n"
        self.assertEqual(self.in_shell("zsh", "-f", script=begin + "print $_comps[estiba]"), ["_estiba"])

        def completed(*words):
            # In place of the line editor: the two ways in which the script hands over what it has.
            return self.in_shell("zsh", "-f", script=begin + f"""
_describe() {{ print -rl -- $candidates; for text in $begun; do print -r -- "$text, unfinished"; done }}
_files() {{ print files }}
words=(estiba {shlex.join(words)}) CURRENT={len(words) + 1}; _estiba""")
        self.assertEqual(completed("stop", "w"), ["web", "worker"])
        self.assertEqual(completed("config", "--lock"), ["--lock-image-digests:An override file that pins images"])
        self.assertEqual(completed("attributes", "services.web.bui"),
                         ["", "services.web.build.:a path or a mapping, unfinished"])
        self.assertEqual(completed("-f", ""), ["files"])

    def test_fish_is_given_words_and_meanings_and_files_only_where_there_are_none(self):
        self.three_services()

        def completed(line):
            return self.in_shell("fish", "--no-config",
                                 script=f"estiba completion fish | source; complete -C {shlex.quote(line)}")
        self.assertEqual(completed("estiba stop "), ["db", "web", "worker"])
        self.assertEqual(completed("estiba config --lock"),
                         ["--lock-image-digests\tAn override file that pins images"])
        self.assertEqual(completed("estiba attributes services.web.bui"), ["services.web.build.\ta path or a mapping"])
        self.assertEqual(completed("estiba -f "), ["compose.yaml"])

    def test_config_prints_a_service_with_what_it_needs_and_names_of_all(self):
        self.compose("""
            services:
              web: {image: "web:${TAG:-1}", profiles: [p], depends_on: [db]}
              db: {image: db}
              job: {image: job}
        """)
        whole = self.estiba("config", "web")
        self.assertIn("web:1", whole)
        self.assertNotIn("job", whole)
        self.assertEqual(self.estiba("config", "--services", "web").split(), ["db", "job"])
        self.assertIn("web:${TAG:-1}", self.estiba("config", "--no-interpolate", "db"))
        self.assertEqual(self.estiba("config", "--no-interpolate", "--services").split(), ["db", "job", "web"])
        self.fails("config", "wbe", says=["wbe"])

    def test_attributes_are_listed_from_the_schema(self):
        out = self.estiba("attributes", "services.web.depends_on.db")
        self.assertIn("condition", out)
        self.assertIn("service_healthy", out)
        self.fails("attributes", "services.web.biuld", says=["biuld", "build"])
