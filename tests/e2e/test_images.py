"""Images: archives that other tools read and write, commit and export, and a store that survives any death."""
import json
import random
import shutil
import signal
import subprocess
import tarfile
import time
import unittest

from harness import ESTIBA, IMAGE, Scenario

LAYERS = """\
    FROM test/busybox
    RUN mkdir /d && echo one >/d/a && ln /d/a /d/b && chmod 4711 /d/a
    RUN rm /d/b && echo two >/d/c && chown 5:6 /d/c
    ENV GREETING="hello world"
    CMD ["cat", "/d/a"]
"""


def needs(tool):
    return unittest.skipUnless(shutil.which(tool), f"needs Debian's {tool}")


class Archives(Scenario):
    def build(self):
        self.write("Dockerfile", LAYERS)
        self.estiba("image", "build", "-q", "-t", "layers:1", ".")

    def says(self, image, *command):
        self.write("compose.yaml", f"services: {{s: {{image: {image}}}}}\n")
        return self.estiba("run", "--rm", "-T", "s", *command)

    @needs("skopeo")
    def test_skopeo_reads_what_is_saved_and_is_read(self):
        self.build()
        self.estiba("image", "save", "-o", "docker.tar", "layers:1")
        self.estiba("image", "save", "--format", "oci", "-o", "oci.tar", "layers:1")
        for source, target in (("docker-archive:docker.tar", "oci-archive:a.tar:from-docker:1"),
                               ("oci-archive:oci.tar", "docker-archive:b.tar:from-oci:1"),
                               ("oci-archive:oci.tar", "oci-archive:c.tar:compressed:1")):
            compress = ["--dest-compress"] if target.startswith("oci") else []
            subprocess.run(["skopeo", "copy", "-q", "--insecure-policy", *compress, source, target], cwd=self.project, check=True)
        for archive, name in (("a.tar", "from-docker:1"), ("b.tar", "from-oci:1"), ("c.tar", "compressed:1")):
            self.assertIn(name, self.estiba("image", "load", "-i", archive))
            self.assertEqual(self.says(name), "one\n")
            self.assertEqual(self.says(name, "stat", "-c", "%a %u %g", "/d/a", "/d/c"), "4711 0 0\n644 5 6\n")
            self.assertEqual(self.says(name, "sh", "-c", "ls /d; echo $GREETING"), "a\nc\nhello world\n")

    @needs("umoci")
    def test_umoci_reads_what_is_saved_and_is_read(self):
        self.build()
        self.estiba("image", "save", "--format", "oci", "-o", "oci.tar", "layers:1")
        layout = self.project / "layout"
        with tarfile.open(self.project / "oci.tar") as archive:
            archive.extractall(layout)
        name = json.loads((layout / "index.json").read_text())["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
        subprocess.run(["umoci", "unpack", "--image", f"layout:{name}", "bundle"], cwd=self.project, check=True, capture_output=True)
        self.assertEqual((self.project / "bundle/rootfs/d/c").read_text(), "two\n")
        (self.project / "bundle/rootfs/new").write_text("three\n")
        subprocess.run(["umoci", "repack", "--image", "layout:again", "bundle"], cwd=self.project, check=True, capture_output=True)
        subprocess.run(["tar", "-C", "layout", "-cf", "again.tar", "."], cwd=self.project, check=True)
        self.estiba("image", "load", "-i", "again.tar")
        self.assertEqual(self.says("again", "cat", "/new"), "three\n")

    def test_several_images_travel_in_one_archive_through_a_pipe(self):
        self.build()
        subprocess.run(f"{ESTIBA} image save layers:1 {IMAGE} | gzip >all.tar.gz", shell=True, cwd=self.project, env=self.env, check=True)
        self.estiba("image", "rm", "layers:1")
        done = subprocess.run(f"{ESTIBA} image load <all.tar.gz", shell=True, cwd=self.project, env=self.env, check=True, capture_output=True, text=True)
        self.assertIn("layers:1", done.stdout)
        self.assertEqual(self.says("layers:1"), "one\n")


class Containers(Scenario):
    def test_a_container_becomes_an_image_and_a_tar(self):
        self.write("compose.yaml", f"""\
            services:
              s: {{image: {IMAGE}, command: [sleep, infinity], init: true, volumes: ['data:/v'], environment: {{A: b}}, working_dir: /tmp}}
            volumes: {{data: {{}}}}
            """)
        self.estiba("up", "-d")
        self.estiba("exec", "-T", "s", "sh", "-c", "echo here >/new; rm /etc/group; echo no >/v/f")
        self.estiba("commit", "-m", "why", "-a", "me", "-c", "CMD [\"cat\", \"/new\"]", "s", "made:1")
        self.assertIn("why", self.estiba("image", "history", "made:1"))
        config = json.loads(self.estiba("image", "inspect", "made:1"))[0]["Config"]
        self.assertIn("A=b", config["Env"])
        self.assertEqual((config["WorkingDir"], config["Cmd"]), ("/tmp", ["cat", "/new"]))
        self.estiba("export", "-o", "all.tar", "s")
        with tarfile.open(self.project / "all.tar") as archive:
            names = {member.name.rstrip("/") for member in archive}
        self.assertIn("new", names)
        self.assertNotIn("etc/group", names)
        self.assertNotIn("v/f", names)
        self.estiba("down", "-t", "0")
        self.write("compose.yaml", "services: {s: {image: 'made:1'}}\n")
        self.assertEqual(self.estiba("run", "--rm", "-T", "s"), "here\n")
        self.fails("export", "-o", "x.tar", "nobody", says=["nobody"])

    def test_system_df_counts_shared_layers_once(self):
        for name in ("a", "b"):
            self.write("Dockerfile", f"FROM {IMAGE}\nRUN head -c 1000000 /dev/zero >/shared\nRUN echo {name} >/own\n")
            self.estiba("image", "build", "-q", "-t", name, ".")
        rows = [json.loads(line) for line in self.estiba("system", "df", "--format", "json").splitlines()]
        self.assertEqual([row["Type"] for row in rows], ["Images", "Containers", "Local Volumes", "Build Cache"])
        self.assertEqual(rows[0]["TotalCount"], "3")
        sizes = [line.split() for line in self.estiba("image", "history", "a").splitlines()]
        self.assertTrue(any("1MB" in line for line in sizes), sizes)
        self.assertIn("UNIQUE SIZE", self.estiba("system", "df", "-v"))


class Crashes(Scenario):
    def test_a_store_whose_writer_is_killed_at_any_instant_works(self):
        """Import, load and build, killed at random: what is listed is whole, and the next writer tidies up."""
        self.write("Dockerfile", LAYERS)
        self.estiba("image", "build", "-q", "-t", "layers:1", ".")
        self.estiba("image", "save", "-o", "saved.tar", "layers:1", IMAGE)
        self.estiba("image", "rm", "layers:1")
        dice = random.Random(1)
        works = (["image", "load", "-i", "saved.tar"], ["image", "import", "saved.tar", "flat"],
                 ["image", "build", "--no-cache", "-q", "-t", "layers:2", "."])
        for turn in range(21):
            with self.subTest(turn=turn):
                work = subprocess.Popen([ESTIBA, *works[turn % 3]], cwd=self.project, env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(dice.uniform(0, 0.15))
                work.send_signal(signal.SIGKILL)
                work.wait()
                for line in self.estiba("image", "ls", "--format", "{{.ID}}").splitlines():
                    self.estiba("image", "save", "-o", "/dev/null", line)
        self.estiba("image", "load", "-i", "saved.tar")
        self.estiba("image", "build", "-q", "-t", "layers:3", ".")
        images = self.top / "root/images"
        layers = {path.name for path in (images / "layers/sha256").iterdir()}
        self.estiba("image", "prune", "-f")
        self.assertEqual([path.name for path in (images / "tmp").iterdir()], [])
        self.assertTrue(layers)
        self.write("compose.yaml", "services: {s: {image: 'layers:3'}}\n")
        self.assertEqual(self.estiba("run", "--rm", "-T", "s"), "one\n")


if __name__ == "__main__":
    unittest.main()
