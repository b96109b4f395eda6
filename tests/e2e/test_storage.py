"""Named volumes and how they are filled, bind mounts, tmpfs, configs and secrets."""
import io
import json
import os
import subprocess
import tarfile

from harness import Scenario


class Volumes(Scenario):
    def test_a_named_volume_outlives_down_and_not_down_v(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, volumes: [data:/data]}
            volumes: {data: {}}
        """)
        self.estiba("up", "-d")
        self.sh("a", "echo kept >/data/file")
        self.estiba("down")
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "cat /data/file"), "kept")
        self.assertIn("demo_data", self.estiba("volume", "ls"))
        self.estiba("down", "-v")
        self.assertNotIn("demo_data", self.estiba("volume", "ls"))
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "ls /data"), "")

    def test_a_new_volume_is_filled_from_the_image(self):
        self.import_image("test/seeded", files={"srv/site/index.html": "from the image\n"})
        self.compose("""
            services:
              a: {image: test/seeded, init: true, command: sleep 1000, volumes: [site:/srv/site]}
            volumes: {site: {}}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "cat /srv/site/index.html"), "from the image")
        self.sh("a", "echo changed >/srv/site/index.html")
        self.estiba("down")
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "cat /srv/site/index.html"), "changed")

    def test_volumes_of_another_service_come_along(self):
        (self.project / "here").mkdir()
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                volumes: [data:/data, /nameless, ./here:/here]
                tmpfs: /scratch
              b: {image: @IMAGE@, init: true, command: sleep 1000, volumes_from: ["a:ro"], volumes: [own:/here]}
              c: {image: @IMAGE@, init: true, command: sleep 1000, volumes_from: [b, "container:other"]}
            volumes: {data: {}, own: {}}
        """)
        self.compose("services: {x: {image: @IMAGE@, init: true, command: sleep 1000, container_name: other, "
                     "volumes: [/more]}}", folder=self.top / "else")
        self.estiba("up", "-d", cwd=self.top / "else")
        self.assertNotIn("not in effect", self.run_estiba("up", "-d").err)
        self.sh("a", "echo 1 >/data/f; echo 2 >/nameless/f; echo 3 >/here/f; echo 4 >/scratch/f")
        self.assertEqual(self.sh("b", "cat /data/f /nameless/f; touch /data/g || echo refused; ls /here; "
                                      "test -e /scratch || echo none"), "1\n2\nrefused\nnone")
        self.assertEqual(self.sh("c", "cat /data/f; touch /more/x && echo written"), "1\nwritten")

    def test_two_services_share_a_volume(self):
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, volumes: [data:/data]}
              b: {image: @IMAGE@, init: true, command: sleep 1000, volumes: ["data:/in:ro"]}
            volumes: {data: {}}
        """)
        self.estiba("up", "-d")
        self.sh("a", "echo shared >/data/file")
        self.assertEqual(self.sh("b", "cat /in/file"), "shared")
        self.estiba("exec", "-T", "b", "touch", "/in/other", rc=1)


class Mounts(Scenario):
    def test_an_image_is_mounted_read_only_whole_or_in_part(self):
        self.import_image("test/base", files={"data/a": "one\n", "data/sub/b": "two\n"})
        self.write("Dockerfile", "FROM test/base\nRUN rm /data/a; echo three >/data/c; ln -s data/sub /link\n")
        self.estiba("image", "build", "-q", "-t", "test/files", ".")
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                volumes:
                  - {type: image, source: test/files, target: /all}
                  - {type: image, source: test/files, target: /part, image: {subpath: link}}
                  - {type: image, source: test/files, target: /single, image: {subpath: data/c}}
                  - {type: image, source: test/base, target: /base, image: {subpath: data}}
              b: {image: @IMAGE@, init: true, command: sleep 1000, volumes_from: [a]}
        """)
        self.estiba("up", "-d")
        for service in ("a", "b"):
            self.assertEqual(self.sh(service, "ls /all/data /part /base; cat /single /base/sub/b").split(),
                             ["/all/data:", "c", "sub", "/base:", "a", "sub", "/part:", "b", "three", "two"])
            self.assertEqual(self.sh(service, "touch /all/x 2>/dev/null || touch /part/x 2>/dev/null || echo refused"),
                             "refused")
        self.fails("image", "rm", "test/files", says=["test/files"])
        self.estiba("restart", "-t", "0", "a")
        self.assertEqual(self.sh("a", "cat /all/data/c"), "three")
        self.estiba("down", "-t", "0")
        self.estiba("image", "rm", "test/files")
        self.fails("up", "-d", "--pull", "never", says=["test/files", "not in the store"])
        self.compose("""
            services:
              a:
                image: @IMAGE@
                volumes: [{type: image, source: test/base, target: /y, image: {subpath: ../etc}}]
        """)
        self.fails("up", "-d", says=["subpath", "relative"])

    def test_a_bind_mount_shows_the_hosts_files(self):
        self.write("conf/file", "from the host\n")
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, volumes: ["./conf:/rw", "./conf:/ro:ro", "./conf/file:/single:ro", "./made:/made"]}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "cat /rw/file /ro/file /single").split("\n"), ["from the host"] * 3)
        self.sh("a", "echo back >/rw/file")
        self.assertEqual((self.project / "conf/file").read_text(), "back\n")
        self.estiba("exec", "-T", "a", "sh", "-c", "echo no >/ro/file", rc=1)
        self.assertTrue((self.project / "made").is_dir())

    def test_a_tmpfs_is_empty_writable_and_gone_with_the_container(self):
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                read_only: true
                tmpfs: ["/scratch:size=1m"]
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "echo x >/scratch/file; ls /scratch; stat -f -c %T /scratch"), "file\ntmpfs")
        self.estiba("exec", "-T", "a", "touch", "/elsewhere", rc=1)
        self.estiba("exec", "-T", "a", "sh", "-c", "dd if=/dev/zero of=/scratch/big bs=1M count=4", rc=1)
        self.estiba("restart", "-t", "0", "a")
        self.assertEqual(self.sh("a", "ls /scratch"), "")

    def test_configs_and_secrets_are_files_with_their_mode(self):
        self.write("token", "secret-token")
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                configs: [{source: app, target: /etc/app.conf, mode: 0444}]
                secrets: [token]
            configs: {app: {content: "from content"}}
            secrets: {token: {file: ./token}}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "cat /etc/app.conf"), "from content")
        self.assertEqual(self.sh("a", "cat /run/secrets/token"), "secret-token")

    def test_a_container_that_swaps_the_file_of_a_secret_gets_no_other_file(self):
        """It can write the folder that its secrets, configs and profile come from, and is started again."""
        canary = self.top / "canary"
        canary.write_text("of the host")
        strict = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
        free = self.write("free.json", json.dumps({"defaultAction": "SCMP_ACT_ALLOW"}))
        for name in ("plain", "owned", "config"):
            self.write(f"mine/{name}", f"first {name}")
        self.write("mine/profile.json", json.dumps(strict))
        self.compose("""
            services:
              a:
                image: @IMAGE@
                init: true
                command: sleep 1000
                restart: always
                volumes: ["./mine:/mine"]
                configs: [config]
                secrets: [plain, {source: owned, mode: 0400}]
                security_opt: ["seccomp=@PROFILE@"]
                healthcheck: {test: "true", interval: 1s}
            configs: {config: {file: ./mine/config}}
            secrets: {plain: {file: ./mine/plain}, owned: {file: ./mine/owned}}
        """.replace("@PROFILE@", f"{self.project}/mine/profile.json"))
        self.estiba("up", "-d", "--wait")
        read = "cat /config /run/secrets/plain /run/secrets/owned; mkdir /x 2>&1"
        first = "first configfirst plainfirst owned" + "mkdir: can't create directory '/x': Operation not permitted"
        self.assertEqual(self.sh_failing("a", read), first)
        (self.project / "mine/plain").write_text("edited")
        self.assertEqual(self.sh("a", "cat /run/secrets/plain"), "edited", "a bound file shows its edits")
        (self.project / "mine/plain").write_text("first plain")
        self.sh("a", f"""cd /mine; rm plain owned config profile.json
            for name in plain owned config; do ln -s {canary} $name; done; ln -s {free} profile.json""")
        self.assertEqual(self.sh("a", "echo $((6 * 7))"), "42", "an exec reads nothing of it")
        self.estiba("restart", "-t", "0")
        self.assertEqual(self.sh_failing("a", read), first)
        self.until("the probe still works", lambda: "healthy" in self.container("a")["Health"])
        self.sh("a", "cd /mine; rm -f *; mkfifo plain owned config profile.json 2>/dev/null; :")
        self.estiba("restart", "-t", "0")
        self.assertEqual(self.sh_failing("a", read), first)
        self.sh("a", "cd /mine; rm -f *")
        self.estiba("kill", "-s", "HUP")
        self.estiba("restart", "-t", "0")
        self.assertEqual(self.sh_failing("a", read), first)
        kept = [path for path in (self.top / "root/containers").rglob("contents/*")]
        self.assertEqual({path.stat().st_mode & 0o777 for path in kept}, {0o600})

    def sh_failing(self, service, script):
        return self.run_estiba("exec", "-T", service, "sh", "-c", script).out.rstrip("\n")

    def test_a_profile_is_found_beside_the_file_that_names_it(self):
        self.write("strict.json", json.dumps({"defaultAction": "SCMP_ACT_ALLOW",
                                              "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}))
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, security_opt: ["seccomp:strict.json"]}
        """)
        self.estiba("up", "-d")
        self.assertIn("not permitted", self.sh("a", "mkdir /x 2>&1; :"))
        self.assertIn("not permitted", self.estiba("run", "--rm", "a", "sh", "-c", "mkdir /x 2>&1; :"))

    def test_a_file_that_is_none_is_refused_before_anything_is_made(self):
        self.write("mine/file", "")
        os.mkfifo(self.project / "mine/fifo")
        for path in ("./mine", "./mine/fifo", "/dev/zero", "./nosuch"):
            self.compose(f"""
                services: {{a: {{image: @IMAGE@, command: sleep 1000, secrets: [{{source: s, mode: 0400}}]}}}}
                secrets: {{s: {{file: {path}}}}}
            """)
            self.fails("up", "-d", says=["s"], timeout=20)
            self.assertEqual(self.ps(), [])

    def test_a_folder_bound_as_a_volume_outlives_it(self):
        self.write("mine/file", "kept")
        self.compose(f"""
            services:
              a: {{image: @IMAGE@, init: true, command: sleep 1000, volumes: ["mine:/data"]}}
            volumes: {{mine: {{driver_opts: {{type: none, o: bind, device: {self.project}/mine}}}}}}
        """)
        self.estiba("up", "-d")
        self.assertEqual(self.sh("a", "cat /data/file; echo more >/data/more"), "kept")
        self.estiba("up", "-d", "--force-recreate", "-t", "0")
        self.estiba("down", "-v", "-t", "0")
        self.assertEqual({each.name: each.read_text() for each in (self.project / "mine").iterdir()},
                         {"file": "kept", "more": "more\n"})


    def test_what_a_volume_is_made_of_is_mounted_at_every_start(self):
        (self.project / "mine/part").mkdir(parents=True)
        (self.project / "mine/part/file").write_text("kept\n")
        self.compose(f"""
            services:
              bare:
                image: @IMAGE@
                init: true
                command: sleep 1000
                volumes: [{{type: volume, source: mine, target: /data, volume: {{nocopy: true}}}}]
              part:
                image: @IMAGE@
                init: true
                command: sleep 1000
                volumes: [{{type: volume, source: mine, target: /data, volume: {{subpath: part}}}}]
            volumes: {{mine: {{driver_opts: {{type: none, o: bind, device: {self.project}/mine}}}}}}
        """)
        for service, path in (("bare", "/data/part/file"), ("part", "/data/file")):
            self.estiba("up", "-d", service)
            self.assertEqual(self.sh(service, f"cat {path}"), "kept")
            self.estiba("stop", "-t", "0")
            # As after a reboot.
            where = self.estiba("volume", "ls", "--format", "{{.Mountpoint}}").strip()
            subprocess.run(["umount", where], check=True)
            self.estiba("start", service)
            self.assertEqual(self.sh(service, f"cat {path}"), "kept")
            self.estiba("down", "-v", "-t", "0")
        self.assertEqual((self.project / "mine/part/file").read_text(), "kept\n")


class Copies(Scenario):
    """`cp`, of containers that run and of those that do not."""

    def members(self, text):
        with tarfile.open(fileobj=io.BytesIO(text.encode())) as archive:
            return {each.name: (each.uid, archive.extractfile(each).read() if each.isfile() else each.linkname)
                    for each in archive}

    def setUp(self):
        super().setUp()
        self.write("src/fixed", "fixed")
        self.compose("""
            services:
              job:
                image: @IMAGE@
                command: [sh, -c, "mkdir -p /out/sub; echo done >/out/sub/report; ln -sf sub /out/link; echo v >/data/v"]
                volumes: ["kept:/data", "./src:/src:ro"]
            volumes: {kept: {}}
        """)
        self.estiba("up", "-d")
        self.until("the job has ended", lambda: self.state("job") == "exited")

    def test_out_of_what_has_ended_with_its_volumes(self):
        self.estiba("cp", "job:/out/sub/report", "report")
        self.assertEqual((self.project / "report").read_text(), "done\n")
        self.estiba("cp", "job:/data/v", "v")
        self.assertEqual((self.project / "v").read_text(), "v\n")
        self.estiba("cp", "job:/src/fixed", "fixed")
        self.assertEqual((self.project / "fixed").read_text(), "fixed")

    def test_into_what_has_ended(self):
        self.write("new", "new")
        for target in ("/out/sub/new", "/data/new"):
            self.estiba("cp", "new", f"job:{target}")
            self.estiba("cp", f"job:{target}", "back")
            self.assertEqual((self.project / "back").read_text(), "new")
        self.fails("cp", "new", "job:/src/new", says=["Read-only file system"])
        self.assertFalse((self.project / "src/new").exists())

    def test_as_tar_streams(self):
        packed = self.estiba("cp", "job:/out", "-")
        self.assertEqual(self.members(packed), {"out": (0, ""), "out/link": (0, "sub"), "out/sub": (0, ""),
                                                "out/sub/report": (0, b"done\n")})
        self.assertEqual(set(self.members(self.estiba("cp", "-L", "job:/out/link", "-"))), {"sub", "sub/report"})
        self.assertEqual(set(self.members(self.estiba("cp", "job:/out/sub/.", "-"))), {".", "./report"})
        self.estiba("cp", "-", "job:/data", stdin=packed)
        self.estiba("cp", "job:/data/out/sub/report", "report")
        self.assertEqual((self.project / "report").read_text(), "done\n")
        self.fails("cp", "-", "job:/data/v", stdin=packed, says=["/data/v is not a folder"])
        self.fails("cp", "-", "job:/data", stdin="no tar", says=["standard input"])

    def test_tells_what_is_missing(self):
        self.fails("cp", "job:/nowhere", ".", says=["there is no /nowhere in the container"])
        self.fails("cp", "job:/nowhere", "-", says=["there is no /nowhere in the container"])
        self.fails("cp", "nowhere", "job:/", says=["there is no nowhere"])
        self.fails("cp", "jab:/out", ".", says=['"jab"', 'did you mean "job"?'])


class ForeignFiles(Scenario):
    """`cp` and `export` of containers that put devices, FIFOs and links where files are looked for."""

    def setUp(self):
        super().setUp()
        self.write("new", "new")
        self.canary = self.write("canary", "alive", mode=0o600)
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, volumes: ["shared:/data"]}
            volumes: {shared: {}}
        """)
        self.estiba("up", "-d")

    def expect_canary_alive(self):
        self.assertEqual(self.canary.read_text(), "alive")
        self.assertEqual(self.canary.stat().st_mode & 0o7777, 0o600)

    def meanwhile(self, script):
        """Runs in the container, again and again, until the test ends."""
        self.estiba("exec", "-d", "a", "sh", "-c", f"while :; do {script}; done 2>/dev/null")

    def test_into_a_container_never_into_its_devices_and_fifos(self):
        self.sh("a", "mknod /dev/disk c 1 3; mkfifo /tmp/pipe; mknod /data/disk c 1 3")
        for target in ("/dev/disk", "/tmp/pipe", "/data/disk"):
            self.estiba("cp", "new", f"a:{target}", timeout=20)
            self.assertEqual(self.sh("a", f"stat -c %F {target}; cat {target}"), "regular file\nnew")
        self.sh("a", "mkdir /tmp/folder && mkfifo /tmp/folder/new && mknod /dev/new c 1 3")
        for folder in ("/tmp/folder", "/dev"):
            self.estiba("cp", "new", f"a:{folder}", timeout=20)
            self.assertEqual(self.sh("a", f"stat -c %F {folder}/new; cat {folder}/new"), "regular file\nnew")
        self.assertEqual(self.sh("a", "ls -A /tmp/folder"), "new")

    def test_links_lead_where_they_lead_in_the_container(self):
        self.sh("a", f"mkdir -p {self.project} && ln -s {self.canary} /tmp/link && ln -s nowhere /tmp/dangling")
        for link, target in (("/tmp/link", self.canary), ("/tmp/dangling", "/tmp/nowhere")):
            self.estiba("cp", "new", f"a:{link}")
            self.assertEqual(self.sh("a", f"cat {target}"), "new")
        self.sh("a", f"mkdir -p /tmp/from && ln -s {self.canary} /tmp/from/new")
        self.estiba("cp", "new", "a:/tmp/from")
        self.assertEqual(self.sh("a", "stat -c %F /tmp/from/new"), "regular file")
        self.expect_canary_alive()

    def test_what_is_mounted_on_a_file_is_written_into(self):
        self.write("hosts", "127.0.0.1 written\n")
        self.estiba("cp", "hosts", "a:/etc/hosts")
        self.assertEqual(self.sh("a", "cat /etc/hosts"), "127.0.0.1 written")
        self.assertIn(" /etc/hosts ", self.sh("a", "cat /proc/self/mountinfo"))

    def test_out_of_a_container_without_its_rights(self):
        self.sh("a", "mkdir /tmp/d && cp /bin/busybox /tmp/d/tool && chmod 6755 /tmp/d/tool && chmod 3777 /tmp/d")
        self.estiba("cp", "a:/tmp/d", "plain")
        self.estiba("cp", "-a", "a:/tmp/d", "kept")
        modes = {name: [(self.project / name / file).stat().st_mode & 0o7777 for file in (".", "tool")]
                 for name in ("plain", "kept")}
        self.assertEqual(modes, {"plain": [0o1777, 0o755], "kept": [0o3777, 0o6755]})

    def test_what_a_copy_brought_leads_no_later_one_elsewhere(self):
        self.sh("a", f"ln -s {self.canary} /tmp/x; mkdir /tmp/d; ln -s {self.canary} /tmp/d/f")
        self.estiba("cp", "a:/tmp/x", "x")
        self.estiba("cp", "a:/tmp/d", ".")
        self.sh("a", "rm /tmp/x /tmp/d/f; echo changed >/tmp/x; echo changed >/tmp/d/f")
        self.estiba("cp", "a:/tmp/x", "x")
        self.estiba("cp", "a:/tmp/d", ".")
        for name in ("x", "d/f"):
            self.assertFalse((self.project / name).is_symlink())
            self.assertEqual((self.project / name).read_text(), "changed\n")
        self.expect_canary_alive()

    def test_a_fifo_or_device_of_this_host_is_no_target(self):
        os.mkfifo(self.project / "pipe")
        self.fails("cp", "a:/etc/hosts", "pipe", says=["pipe", "neither a file nor a link"], timeout=20)
        self.sh("a", "mkfifo /tmp/pipe")
        self.fails("cp", "a:/tmp/pipe", "out", says=["neither a file nor a folder"], timeout=20)

    def test_a_link_that_trades_places_with_what_is_unpacked_changes_nothing_outside(self):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for _ in range(200):
                entry = tarfile.TarInfo("x")
                entry.type, entry.mode = tarfile.FIFOTYPE, 0o6777
                archive.addfile(entry)
        self.sh("a", "mkdir /tmp/w")
        self.meanwhile(f"ln -s {self.canary} /tmp/w/link; mv -f /tmp/w/link /tmp/w/x")
        for _ in range(15):
            self.run_estiba("cp", "-", "a:/tmp/w", stdin=packed.getvalue().decode("latin-1"), timeout=30)
        self.expect_canary_alive()

    def test_a_stopped_container_has_its_part_of_a_volume_and_no_more(self):
        self.sh("a", "mkdir /data/part && echo part >/data/part/file && echo other >/data/other")
        self.compose("""
            services:
              a: {image: @IMAGE@, init: true, command: sleep 1000, volumes: ["shared:/data"]}
              b:
                image: @IMAGE@
                command: "true"
                volumes: [{type: volume, source: shared, target: /m, volume: {subpath: part}}]
            volumes: {shared: {}}
        """)
        self.estiba("up", "-d")
        self.until("b has ended", lambda: self.state("b") == "exited")
        self.estiba("cp", "b:/m/file", "got")
        self.assertEqual((self.project / "got").read_text(), "part\n")
        self.fails("cp", "b:/m/other", "got", says=["there is no /m/other"])
        self.sh("a", f"mv /data/part /data/was && ln -s {self.project} /data/part")
        self.fails("cp", "b:/m/canary", "got", says=["/m"])
        self.fails("cp", "new", "b:/m/new2", says=["/m"])
        self.assertFalse((self.project / "new2").exists())
