"""Images from registries and back: real ones, closed ones, mirrors, and one that lies."""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import threading
import time

from busybox_image import busybox
from harness import IMAGE, Scenario
from registries import (Nginx, Registry, TokenServer, ToldRegistry, digest_of, free_port, htpasswd, layer_of, need)


class RegistryScenario(Scenario):
    needs_image = False

    def setUp(self):
        super().setUp()
        self.config = self.top / "docker"
        self.config.mkdir()
        self.env["DOCKER_CONFIG"] = str(self.config)
        self.conf = self.top / "registries.conf"
        self.conf.write_text("")
        self.env["ESTIBA_REGISTRIES_CONF"] = str(self.conf)

    def inspect(self, name):
        return json.loads(self.estiba("image", "inspect", name))[0]

    def skopeo(self, *arguments):
        need("skopeo")
        done = subprocess.run(["skopeo", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def put_busybox(self, registry, name="lib/busybox:1", *options):
        """Imports busybox, sends it with skopeo, forgets it; returns its name in the registry."""
        self.import_image()
        archive = self.top / "saved.tar"
        self.estiba("image", "save", "-o", archive, IMAGE)
        self.skopeo("copy", "-q", "--dest-tls-verify=false", *options, f"docker-archive:{archive}",
                    f"docker://{registry.host}/{name}")
        self.estiba("image", "rm", IMAGE)
        return f"{registry.host}/{name}"

    def nothing_is_left(self):
        """No image, no layer, no work directory."""
        images = self.top / "root/images"
        self.assertEqual(self.estiba("image", "ls", "-q"), "")
        for part in ("layers/sha256", "tmp"):
            self.assertEqual(os.listdir(images / part) if (images / part).exists() else [], [], part)


class RealRegistry(RegistryScenario):
    def test_an_image_is_pulled_run_and_pushed_back_unchanged(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        self.compose(f"services: {{a: {{image: {name}, command: echo it runs}}}}")
        out = self.estiba("run", "--rm", "-T", "a")
        self.assertIn("it runs", out)
        digest = json.loads(self.skopeo("inspect", "--tls-verify=false", f"docker://{name}"))["Digest"]
        self.assertEqual(self.inspect(name)["RepoDigests"], [f"{registry.host}/lib/busybox@{digest}"])
        self.estiba("image", "tag", name, f"{registry.host}/lib/busybox:2")
        out = self.estiba("image", "push", f"{registry.host}/lib/busybox:2")
        self.assertIn(f"2: digest: {digest}", out)

    def test_what_was_built_here_is_pushed_and_comes_back(self):
        registry = Registry(self)
        self.import_image()
        self.write("Dockerfile", "FROM scratch\nCOPY --from=test/busybox / /\nRUN echo made >/made\n")
        name = f"{registry.host}/team/app:1"
        self.compose(f"services: {{a: {{build: ., image: {name}, command: cat /made}}}}")
        self.estiba("build")
        identity = self.inspect(name)["Id"]
        self.estiba("push")
        self.estiba("image", "rm", name)
        self.estiba("pull", "-q", "a")
        self.assertEqual(self.inspect(name)["Id"], identity)
        self.assertEqual(self.estiba("run", "--rm", "-T", "a").strip(), "made")
        # What the registry has is not sent again.
        before = len(registry.requests("PATCH"))
        self.estiba("push")
        self.assertEqual(len(registry.requests("PATCH")), before)

    def test_a_layer_is_mounted_from_another_repository(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        self.estiba("image", "pull", "-q", name)
        other = f"{registry.host}/other/place:1"
        self.estiba("image", "tag", name, other)
        before = len(registry.requests("PATCH"))
        result = self.run_estiba("image", "push", other)
        self.assertIn("Mounted from lib/busybox", result.err, f"\n{result}")
        # The configuration alone was sent.
        self.assertEqual(len(registry.requests("PATCH")) - before, 1)

    def test_an_image_named_by_its_digest(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        digest = json.loads(self.skopeo("inspect", "--tls-verify=false", f"docker://{name}"))["Digest"]
        pinned = f"{registry.host}/lib/busybox@{digest}"
        self.compose(f"services: {{a: {{image: '{pinned}', command: echo pinned}}}}")
        self.assertIn("pinned", self.estiba("run", "--rm", "-T", "a"))
        asked = len(registry.requests("GET", "manifests"))
        self.assertIn("pinned", self.estiba("run", "--rm", "-T", "a"))
        self.assertEqual(len(registry.requests("GET", "manifests")), asked)
        self.fails("image", "pull", f"{registry.host}/lib/busybox@sha256:{'0' * 64}", says=[registry.host, "0000"])

    def test_formats_and_compressions(self):
        registry = Registry(self)
        for options in (("--format", "oci"), ("--format", "v2s2"),
                        ("--format", "oci", "--dest-compress-format", "zstd", "--dest-compress")):
            with self.subTest(options=options):
                name = self.put_busybox(registry, "forms/busybox:1", *options)
                self.estiba("image", "pull", "-q", name)
                self.compose(f"services: {{a: {{image: {name}, command: echo fine}}}}")
                self.assertIn("fine", self.estiba("run", "--rm", "-T", "a"))
                self.estiba("image", "rm", name)

    def test_umoci_understands_what_is_pushed(self):
        need("umoci", "skopeo")
        registry = Registry(self)
        self.import_image(name=f"{registry.host}/lib/plain:1")
        self.estiba("image", "push", "-q", f"{registry.host}/lib/plain:1")
        layout = self.top / "layout"
        self.skopeo("copy", "-q", "--src-tls-verify=false", f"docker://{registry.host}/lib/plain:1",
                    f"oci:{layout}:1")
        subprocess.run(["umoci", "unpack", "--image", f"{layout}:1", self.top / "bundle"], check=True,
                       capture_output=True)
        self.assertTrue((self.top / "bundle/rootfs/bin/busybox").is_file())

    def test_two_pulls_of_one_image_do_the_work_once(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        layer = json.loads(self.skopeo("inspect", "--tls-verify=false", f"docker://{name}"))["Layers"][0]
        pulls = [self.background("image", "pull", "-q", name) for _ in range(4)]
        for pull in pulls:
            result = pull.wait()
            self.assertEqual(result.rc, 0, f"\n{result}")
        self.assertEqual(len(registry.requests("GET", f"blobs/{layer}")), 1)


class Digests(RegistryScenario):
    def test_config_pins_images_to_what_the_registry_has_now(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        digest = json.loads(self.skopeo("inspect", "--tls-verify=false", f"docker://{name}"))["Digest"]
        self.compose(f"services: {{a: {{image: {name}, command: 'true'}}, b: {{build: .}}, "
                     f"c: {{image: {name}@{digest}}}}}")
        out = self.estiba("config", "--resolve-image-digests")
        self.assertIn(f"image: {name}@{digest}\n", out)
        self.assertIn("command:", out)
        out = self.estiba("config", "--lock-image-digests")
        # What says its digest already stays, and its tag means nothing.
        self.assertEqual(out, f"services:\n  a:\n    image: {name}@{digest}\n  b: {{}}\n"
                              f"  c:\n    image: {registry.host}/lib/busybox@{digest}\n")
        self.write("lock.yaml", out)
        self.assertEqual(self.estiba("-f", "compose.yaml", "-f", "lock.yaml", "config", "--images").splitlines(),
                         [f"{name}@{digest}", f"{self.project.name}-b", f"{registry.host}/lib/busybox@{digest}"])
        as_json = json.loads(self.estiba("config", "--lock-image-digests", "--format", "json"))
        self.assertEqual(as_json["services"]["a"], {"image": f"{name}@{digest}"})

    def test_an_image_that_is_not_there_is_named(self):
        registry = Registry(self)
        self.compose(f"services: {{a: {{image: {registry.host}/nosuch:1}}}}")
        self.fails("config", "--resolve-image-digests", says=["cannot resolve the digest", f"{registry.host}/nosuch:1"])
        # A list of names has no need of digests.
        self.assertEqual(self.estiba("config", "--lock-image-digests", "--services"), "a\n")


class Policies(RegistryScenario):
    def test_each_policy_asks_when_it_should(self):
        registry = Registry(self)
        name = self.put_busybox(registry)

        def asked(policy, *arguments):
            before = len(registry.requests("GET", "manifests"))
            self.compose(f"services: {{a: {{image: {name}, pull_policy: {policy}, command: 'true'}}}}")
            self.estiba("create", *arguments)
            return len(registry.requests("GET", "manifests")) - before

        self.compose(f"services: {{a: {{image: {name}, pull_policy: never}}}}")
        self.fails("up", "-d", says=["a", name], rc=1)
        self.assertEqual(len(registry.requests("GET", "manifests")), 0)
        self.assertEqual(asked("missing"), 1)
        self.assertEqual(asked("missing"), 0)
        self.assertEqual(asked("if_not_present"), 0)
        self.assertEqual(asked("always"), 1)
        self.assertEqual(asked("daily"), 0)
        self.assertEqual(asked("weekly"), 0)
        self.assertEqual(asked("every_12h"), 0)
        self.assertEqual(asked("every_0s"), 1)
        self.assertEqual(asked("never"), 0)
        self.assertEqual(asked("never", "--pull", "always"), 1)
        self.assertEqual(asked("always", "--pull", "never"), 0)
        self.fails("create", "--pull", "sometimes", says=["--pull", "sometimes"])

    def test_what_can_be_built_is_built_when_it_cannot_be_pulled(self):
        self.import_image()
        self.write("Dockerfile", "FROM test/busybox\n")
        name = f"127.0.0.1:{free_port()}/lib/app:1"
        self.compose(f"services: {{a: {{build: ., image: {name}, pull_policy: missing, command: echo built}}}}")
        self.assertIn("built", self.estiba("run", "--rm", "-T", "a"))

    def test_a_registry_that_is_not_there_is_told_of_at_once(self):
        host = f"127.0.0.1:{free_port()}"
        self.compose(f"services: {{web: {{image: {host}/lib/app:1}}}}")
        begun = time.monotonic()
        result = self.fails("up", "-d", says=["web", host, "app:1"], rc=1)
        self.assertEqual(len([line for line in result.err.splitlines() if host in line and "cannot" in line]), 1)
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(self.ps(), [])

    def test_pull_of_several_services(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        self.compose(f"""
            services:
              a: {{image: {name}}}
              b: {{image: "{registry.host}/lib/nothing:1"}}
              c: {{build: ., image: "{registry.host}/lib/built:1"}}
        """)
        self.fails("pull", says=["b", "nothing:1"], rc=1)
        self.estiba("pull", "--ignore-pull-failures")
        self.estiba("pull", "--ignore-buildable", "a", "c")
        self.assertIn(name, self.inspect(name)["RepoTags"])
        asked = len(registry.requests("GET", "manifests"))
        self.estiba("pull", "--policy", "missing", "a")
        self.assertEqual(len(registry.requests("GET", "manifests")), asked)

    def test_a_build_pulls_what_it_begins_with(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        self.write("Dockerfile", f"FROM {name}\nRUN echo made >/made\n")
        self.compose("services: {a: {build: ., command: cat /made}}")
        self.assertEqual(self.estiba("run", "--rm", "-T", "a").strip(), "made")
        asked = len(registry.requests("GET", "manifests"))
        self.estiba("build")
        self.assertEqual(len(registry.requests("GET", "manifests")), asked)
        self.estiba("build", "--pull")
        self.assertEqual(len(registry.requests("GET", "manifests")), asked + 1)


class ClosedRegistry(RegistryScenario):
    def test_a_name_and_a_password(self):
        self.import_image()
        registry = Registry(self, more=htpasswd(self.top))
        name = f"{registry.host}/lib/busybox:1"
        self.estiba("image", "tag", IMAGE, name)
        self.fails("image", "push", name, says=["estiba login", registry.host], rc=1)
        self.fails("login", registry.host, "-u", "ann", "--password-stdin", stdin="wrong\n", says=[registry.host], rc=1)
        self.assertFalse((self.config / "config.json").exists())
        out = self.estiba("login", registry.host, "-u", "ann", "--password-stdin", stdin="secret\n")
        self.assertIn("Login Succeeded", out)
        self.assertEqual((self.config / "config.json").stat().st_mode & 0o777, 0o600)
        self.estiba("image", "push", name)
        self.estiba("image", "rm", name, IMAGE)
        self.estiba("image", "pull", name)
        self.estiba("logout", registry.host)
        self.fails("image", "pull", name, says=["estiba login", registry.host], rc=1)

    def test_tokens_and_their_renewal(self):
        self.import_image()
        tokens = TokenServer(self, self.top / "tokens", anonymous_pull=True)
        registry = Registry(self, more=tokens.settings())
        name = f"{registry.host}/lib/busybox:1"
        self.estiba("image", "tag", IMAGE, name)
        self.fails("image", "push", name, says=[registry.host, "login"], rc=1)
        self.estiba("login", registry.host, "-u", "ann", "--password-stdin", stdin="secret\n")
        self.estiba("image", "push", name)
        self.assertIn("repository:lib/busybox:pull,push", str(tokens.requests))
        self.estiba("logout", registry.host)
        self.estiba("image", "rm", name, IMAGE)
        self.estiba("image", "pull", name)

    def test_a_token_that_the_registry_no_longer_takes_is_renewed(self):
        registry = ToldRegistry(self)
        layer = layer_of({"f": b"x"})
        registry.image([layer], "1")
        given = []

        def token(handler):
            given.append(handler.path)
            handler.answer(200, json.dumps({"token": f"t{len(given)}", "expires_in": 300}).encode())

        def wants_second(handler):
            if handler.headers.get("Authorization") == "Bearer t2":
                return True
            handler.answer(401, b"", {"WWW-Authenticate":
                                      f'Bearer realm="http://{registry.host}/token",service="s",scope="x"'})
            return False

        registry.hooks = {"service=s&scope=repository%3alib%2fa%3apull": token, "/v2/": wants_second,
                          digest_of(layer[0]): wants_second, "manifests/1": wants_second}
        self.estiba("image", "pull", f"{registry.host}/lib/a:1")
        self.assertEqual(len(given), 2, given)

    def test_credential_helpers(self):
        self.import_image()
        registry = Registry(self, more=htpasswd(self.top))
        kept = self.top / "kept"
        helper = self.write("bin/docker-credential-test", f"""\
            #!/bin/sh
            case $1 in
              store) cat >{kept};;
              erase) rm -f {kept};;
              get) [ -s {kept} ] && cat {kept} || {{ echo 'credentials not found in native keychain'; exit 1; }};;
            esac
        """, mode=0o755)
        self.env["PATH"] = f"{helper.parent}:{self.env['PATH']}"
        (self.config / "config.json").write_text(json.dumps({"credsStore": "test"}))
        self.estiba("login", registry.host, "-u", "ann", "--password-stdin", stdin="secret\n")
        self.assertEqual(json.loads(kept.read_text())["Secret"], "secret")
        self.assertNotIn("secret", (self.config / "config.json").read_text())
        name = f"{registry.host}/lib/busybox:1"
        self.estiba("image", "tag", IMAGE, name)
        self.estiba("image", "push", name)
        self.estiba("logout", registry.host)
        self.assertFalse(kept.exists())
        (self.config / "config.json").write_text(json.dumps({"credHelpers": {registry.host: "gone"}}))
        self.fails("image", "pull", name, says=["docker-credential-gone", "not installed"])


class Mirrors(RegistryScenario):
    def mirror(self, prefix, *mirrors, **words):
        text = f'[[registry]]\nprefix = "{prefix}"\n'
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in words.items())
        for mirror in mirrors:
            text += f'[[registry.mirror]]\nlocation = "{mirror}"\n'
        self.conf.write_text(text)

    def test_docker_hub_by_a_mirror(self):
        registry = Registry(self)
        self.put_busybox(registry, "library/busybox:1")
        self.mirror("docker.io", registry.host)
        self.estiba("image", "pull", "busybox:1")
        self.assertEqual(self.inspect("busybox:1")["RepoTags"], ["busybox:1"])

    def test_a_mirror_that_drops_connections_is_taken_up_again(self):
        registry = Registry(self)
        name = self.put_busybox(registry)
        mirror = Nginx(self, registry.host, "limit_rate 300k;")
        self.mirror(registry.host, mirror.host)
        pull = self.background("image", "pull", name)
        images = self.top / "root/images"
        self.until("a part is here", lambda: list(images.glob("tmp/*/layer-0/bin/busybox")))
        mirror.drop_connections()
        result = pull.wait(60)
        self.assertEqual(result.rc, 0, f"\n{result}")
        self.assertIn(" 206 ", mirror.access.read_text())

    def test_a_mirror_without_the_image_is_passed_over(self):
        registry, empty = Registry(self), Registry(self, "empty")
        name = self.put_busybox(registry)
        self.mirror(registry.host, f"127.0.0.1:{free_port()}", empty.host)
        self.estiba("image", "pull", name)
        self.assertTrue(empty.requests("GET", "manifests"))

    def test_blocked_and_misspelt(self):
        self.mirror("blocked.example", blocked=True)
        self.fails("image", "pull", "blocked.example/a/b", says=["blocks", "blocked.example"], rc=1)
        self.conf.write_text('[[registry]]\nlocation = "a.example"\ninsecur = true\n')
        self.fails("image", "pull", "a.example/a/b", says=["registries.conf:3", "insecur"], rc=1)

    def test_a_proxy_of_the_environment(self):
        proxy = ToldRegistry(self)
        proxy.image([layer_of({"f": b"x"})], "1")
        proxy.hooks["/v2/"] = lambda handler: handler.answer(200, b"{}")
        self.mirror("registry.test:5000", location="registry.test:5000", insecure=True)
        self.env["HTTP_PROXY"] = f"http://{proxy.host}"
        self.estiba("image", "pull", "registry.test:5000/lib/a:1")
        self.assertTrue(proxy.asked("http://registry.test:5000/v2/lib/a/manifests/1"))

    def test_another_location(self):
        registry = Registry(self)
        self.put_busybox(registry, "moved/here/busybox:1")
        self.mirror("old.example/team", location=f"{registry.host}/moved/here")
        self.estiba("image", "pull", "old.example/team/busybox:1")


class Tls(RegistryScenario):
    def certificate(self, name):
        need("openssl")
        key, certificate = self.top / f"{name}.key", self.top / f"{name}.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1,DNS:registry.test", "-keyout", key, "-out",
                        certificate], check=True, capture_output=True)
        return key, certificate

    def test_an_authority_for_one_host(self):
        key, certificate = self.certificate("own")
        registry = Registry(self, more={"http": {"tls": {"key": str(key), "certificate": str(certificate)}}})
        self.import_image()
        name = f"{registry.host}/lib/busybox:1"
        self.estiba("image", "tag", IMAGE, name)
        # On this machine nobody has to prove who they are ...
        self.estiba("image", "push", name)
        # ... unless there is an authority to prove it to.
        folder = f"/etc/containers/certs.d/{registry.host}"
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        os.makedirs(folder)
        shutil.copy(self.certificate("other")[1], f"{folder}/ca.crt")
        self.fails("image", "push", name, says=[registry.host, "cannot be reached"], rc=1)
        shutil.copy(certificate, f"{folder}/ca.crt")
        self.estiba("image", "push", name)


class Liar(RegistryScenario):
    """What a registry must not get away with."""

    def setUp(self):
        super().setUp()
        self.registry = ToldRegistry(self)
        self.name = f"{self.registry.host}/lib/a:1"
        self.blob, self.diff_id = layer_of({"file": os.urandom(3 << 20)})
        self.digest = digest_of(self.blob)

    def refused(self, *says):
        result = self.fails("image", "pull", self.name, says=says, rc=1)
        self.nothing_is_left()
        return result

    def test_the_honest_one(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        self.estiba("image", "pull", self.name)

    def test_a_wrong_digest(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        self.registry.blobs[self.digest] = self.blob[:-1] + bytes([self.blob[-1] ^ 1])
        self.refused("wrong content", self.digest)

    def test_content_that_was_damaged_once_is_asked_for_again(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        damaged = [self.blob[:-1] + bytes([self.blob[-1] ^ 1]), os.urandom(len(self.blob))]
        for bad in damaged:
            sent = []

            def first_wrong(handler):
                body = self.blob if sent else bad
                sent.append(len(body))
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            self.registry.hooks[self.digest] = first_wrong
            self.estiba("image", "pull", self.name)
            self.assertEqual(len(sent), 2)
            self.estiba("image", "rm", self.name)

    def test_garbage_of_the_right_size(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        self.registry.blobs[self.digest] = os.urandom(len(self.blob))
        self.refused("wrong content", self.digest)

    def test_a_wrong_size(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        self.registry.blobs[self.digest] = self.blob + b"more"
        self.refused(self.digest, str(len(self.blob)))

    def test_a_wrong_diff_id(self):
        self.registry.image([(self.blob, digest_of(b"another"))], "1")
        self.refused("unpacks to", self.diff_id)

    def test_a_stream_that_always_ends_early(self):
        self.registry.image([(self.blob, self.diff_id)], "1")

        def cut(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(self.blob)))
            handler.end_headers()
            handler.wfile.write(self.blob[:100000])
            handler.close_connection = True

        self.registry.hooks[self.digest] = cut
        self.refused("broke off after 100000 of", self.digest)

    def test_a_length_that_is_too_short(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        self.registry.hooks[self.digest] = lambda handler: handler.answer(200, self.blob, {"Content-Length": "1000"})
        self.refused("1000", self.digest)

    def test_a_manifest_without_end(self):
        def endless(handler):
            handler.send_response(200)
            handler.send_header("Content-Type", ToldRegistry.MANIFEST)
            handler.send_header("Connection", "close")
            handler.end_headers()
            while True:
                handler.wfile.write(b" " * 65536)

        self.registry.hooks["manifests/1"] = endless
        self.refused("larger than 4 MiB")

    def test_an_index_in_a_circle(self):
        """By digests none can be made; so each leads to another, on and on."""
        entry = {"mediaType": ToldRegistry.MANIFEST, "digest": digest_of(b"end"), "size": 3}
        for _ in range(6):
            digest, size = self.registry.add_manifest(
                {"schemaVersion": 2, "mediaType": ToldRegistry.INDEX,
                 "manifests": [{**entry, "platform": {"os": "linux", "architecture": "amd64"}}]}, "1",
                kind=ToldRegistry.INDEX)
            entry = {"mediaType": ToldRegistry.INDEX, "digest": digest, "size": size}
        self.refused("index")

    def test_a_manifest_that_is_an_index_as_well(self):
        self.registry.add_manifest({"schemaVersion": 2, "manifests": [], "config": {}, "layers": []}, "1")
        self.refused("pretends to be both")

    def test_another_manifest_than_was_asked_for(self):
        digest, _ = self.registry.image([(self.blob, self.diff_id)], "1")
        self.registry.manifests[digest] = (ToldRegistry.MANIFEST, b"{}")
        self.name = f"{self.registry.host}/lib/a@{digest}"
        self.refused("wrong manifest", digest)

    def test_a_digest_that_is_a_path(self):
        self.registry.add_manifest(
            {"schemaVersion": 2, "config": {"digest": "sha256:../../../etc/passwd", "size": 1}, "layers": []}, "1")
        self.refused("not a sha256 digest")

    def test_no_image_for_this_machine(self):
        digest, size = self.registry.image([(self.blob, self.diff_id)], architecture="s390x")
        self.registry.add_manifest(
            {"schemaVersion": 2, "mediaType": ToldRegistry.INDEX,
             "manifests": [{"mediaType": ToldRegistry.MANIFEST, "digest": digest, "size": size,
                            "platform": {"os": "linux", "architecture": "s390x"}}]}, "1", kind=ToldRegistry.INDEX)
        self.refused("linux/s390x")
        self.estiba("image", "pull", "--platform", "linux/s390x", self.name)
        self.assertEqual(self.inspect(self.name)["Architecture"], "s390x")

    def two_platforms(self):
        """One name for this machine and for another, whose shell is none here."""
        shell = pathlib.Path(busybox()).read_bytes()
        foreign = shell[:18] + b"\xb7\0" + shell[20:]  # e_machine: EM_AARCH64
        entries = []
        for architecture, program in (("amd64", shell), ("arm64", foreign)):
            layer = layer_of({"bin/sh": program, "bin/cat": program, "which": architecture.encode()}, mode=0o755)
            digest, size = self.registry.image([layer], architecture=architecture)
            entries.append({"mediaType": ToldRegistry.MANIFEST, "digest": digest, "size": size,
                            "platform": {"os": "linux", "architecture": architecture}})
        self.registry.add_manifest({"schemaVersion": 2, "mediaType": ToldRegistry.INDEX, "manifests": entries}, "1",
                                   kind=ToldRegistry.INDEX)

    def test_a_build_for_another_platform_stands_on_its_image(self):
        self.two_platforms()
        self.write("Dockerfile", f"""\
            FROM --platform=$BUILDPLATFORM {self.name} AS maker
            ARG TARGETPLATFORM
            RUN cat /which >/made-on; echo $TARGETPLATFORM >/made-for
            FROM {self.name}
            COPY --from=maker /made-on /made-for /
            """)
        self.estiba("image", "build", "-q", "--platform", "linux/arm64", "-t", "foreign:1", ".")
        self.assertEqual(self.inspect("foreign:1")["Architecture"], "arm64")
        self.assertEqual(self.inspect(self.name)["Architecture"], "amd64")
        self.estiba("image", "save", "-o", "foreign.tar", "foreign:1")
        files = {}
        with tarfile.open(self.project / "foreign.tar") as archive:
            for layer in json.load(archive.extractfile("manifest.json"))[0]["Layers"]:
                with tarfile.open(fileobj=archive.extractfile(layer)) as tar:
                    files.update({member.name: tar.extractfile(member).read() for member in tar if member.isreg()})
        self.assertEqual((files["which"], files["made-on"], files["made-for"]), (b"arm64", b"amd64", b"linux/arm64\n"))
        self.write("Dockerfile", f"FROM {self.name}\nRUN cat /which\n")
        self.fails("image", "build", "--platform", "linux/arm64", "-t", "foreign:2", ".", says=["exec format error"])
        self.estiba("image", "build", "-q", "-t", "native:1", ".")
        self.write("Dockerfile", "FROM foreign:1\nENV A=b\n")
        self.estiba("image", "build", "-q", "--platform", "linux/arm64", "-t", "foreign:3", ".")
        self.assertEqual(self.inspect("foreign:3")["Architecture"], "arm64")

    def test_too_many_requests(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        refusals = []

        def twice(handler):
            if len(refusals) == 2:
                return True
            refusals.append(time.monotonic())
            handler.answer(429 if len(refusals) == 1 else 503, b"", {"Retry-After": "1"})
            return False

        self.registry.hooks["manifests/1"] = twice
        self.estiba("image", "pull", self.name)
        self.assertGreaterEqual(refusals[1] - refusals[0], 0.9)

    def test_a_wait_that_is_too_long_is_told(self):
        self.registry.hooks["manifests/1"] = lambda handler: handler.answer(429, b"", {"Retry-After": "86400"})
        self.refused("too many requests", self.registry.host)

    def test_a_download_goes_on_where_it_broke(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        ranges = []

        def cut_first(handler):
            ranges.append(handler.headers.get("Range"))
            if len(ranges) > 1:
                return True
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(self.blob)))
            handler.end_headers()
            handler.wfile.write(self.blob[:1000000])
            handler.close_connection = True
            return False

        self.registry.hooks[self.digest] = cut_first
        self.estiba("image", "pull", self.name)
        self.assertEqual(ranges, [None, "bytes=1000000-"])

    def test_a_download_starts_again_where_ranges_are_not_known(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        count = []

        def no_ranges(handler):
            count.append(1)
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(self.blob)))
            handler.end_headers()
            handler.wfile.write(self.blob if len(count) > 1 else self.blob[:1000000])
            handler.close_connection = True

        self.registry.hooks[self.digest] = no_ranges
        self.estiba("image", "pull", self.name)
        self.assertEqual(len(count), 2)

    def test_a_redirect_does_not_take_the_password_along(self):
        store = ToldRegistry(self)
        store.blobs = self.registry.blobs
        self.registry.image([(self.blob, self.diff_id)], "1")

        def closed(handler):
            if handler.headers.get("Authorization"):
                return True
            handler.answer(401, b"", {"WWW-Authenticate": 'Basic realm="r"'})
            return False

        def elsewhere(handler):
            handler.answer(307, b"", {"Location": f"http://{store.host}/v2/lib/a/blobs/{self.digest}"})

        self.registry.hooks = {"/v2/": closed, "manifests/1": closed, self.digest: elsewhere}
        self.estiba("login", self.registry.host, "-u", "ann", "--password-stdin", stdin="secret\n")
        self.estiba("image", "pull", self.name)
        asked = store.asked("blobs")
        self.assertEqual(len(asked), 1)
        self.assertNotIn("Authorization", asked[0][2])
        self.assertTrue(all("Authorization" in headers for _, _, headers in self.registry.asked("blobs")))

    def test_redirects_in_a_circle(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        self.registry.hooks[self.digest] = lambda handler: handler.answer(302, b"", {"Location": handler.path})
        self.refused("circle")

    def test_a_gzip_stream_with_something_behind_it(self):
        blob = self.blob + b"behind"
        self.registry.image([(blob, self.diff_id)], "1")
        self.refused("garbage")

    def test_gzip_members_one_after_the_other(self):
        def in_two(data):
            return gzip.compress(data[:1000]) + gzip.compress(data[1000:])

        self.registry.image([layer_of({"file": os.urandom(1 << 20)}, in_two)], "1")
        self.estiba("image", "pull", self.name)

    def test_a_layer_that_is_not_compressed(self):
        self.registry.image([layer_of({"file": os.urandom(1 << 20)}, lambda data: data)], "1",
                            media="application/vnd.oci.image.layer.v1.tar")
        self.estiba("image", "pull", self.name)

    def test_an_interrupt_leaves_nothing(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        waiting, go_on = threading.Event(), threading.Event()
        self.ends_with(go_on.set)

        def stall(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(self.blob)))
            handler.end_headers()
            handler.wfile.write(self.blob[:1000000])
            waiting.set()
            go_on.wait(60)

        self.registry.hooks[self.digest] = stall
        pull = self.background("image", "pull", self.name)
        self.assertTrue(waiting.wait(20))
        pull.interrupt()
        result = pull.wait(10)
        self.assertEqual(result.rc, 130, f"\n{result}")
        self.nothing_is_left()

    def test_a_full_disk(self):
        """Whether the room that is kept free ends it, or the device itself."""
        small = self.top / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", small], check=True)
        self.ends_with(lambda: subprocess.run(["umount", "-l", small], stderr=subprocess.DEVNULL))
        self.env["ESTIBA_ROOT"] = str(small)
        layers = [layer_of({f"file{n}": bytes([n]) * (30 << 20)}) for n in range(3)]
        self.registry.image(layers, "1")
        self.fails("image", "pull", self.name, says=["left"], rc=1)
        used = shutil.disk_usage(small).used
        # The test's end compares the host's mounts with those before.
        subprocess.run(["umount", small], check=True)
        self.assertLess(used, 1 << 20)
