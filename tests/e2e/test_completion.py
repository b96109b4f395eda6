"""What a shell completes, asked as the shell asks."""
import shlex
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

    def test_attributes_are_listed_from_the_schema(self):
        out = self.estiba("attributes", "services.web.depends_on.db")
        self.assertIn("condition", out)
        self.assertIn("service_healthy", out)
        self.fails("attributes", "services.web.biuld", says=["biuld", "build"])
