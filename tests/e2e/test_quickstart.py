"""The example of the README, just as its reader runs it."""
import subprocess

from harness import ROOT, Scenario


class Quickstart(Scenario):
    needs_image = False

    def test_from_nothing_to_a_page_that_counts(self):
        example = ROOT / "examples/quickstart"
        self.env["QUICKSTART_PORT"] = str(self.free_port())
        self.projects.append(example)
        done = subprocess.run([example / "run"], env=self.env, capture_output=True, text=True, timeout=550)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("You are visitor number 1.", done.stdout)
        self.assertIn("down -v", done.stdout)

        url = f"http://127.0.0.1:{self.env['QUICKSTART_PORT']}/"
        self.assertEqual(self.get(url), "You are visitor number 2.\n")
        self.estiba("down", cwd=example)
        self.estiba("up", "-d", "--wait", cwd=example)
        self.assertEqual(self.get(url), "You are visitor number 3.\n")
        self.assertIsNone(self.fetched(url.replace("127.0.0.1", "127.0.0.2")))

        # The store is on a network without a way out, and the application is not root.
        routes = self.estiba("exec", "-T", "redis", "cat", "/proc/net/route", cwd=example)
        destinations = [line.split()[1] for line in routes.splitlines()[1:]]
        self.assertNotIn("00000000", destinations)
        self.assertEqual(self.estiba("exec", "-T", "app", "id", "-u", cwd=example), "65534\n")
