"""Registries and archives that were written to do harm."""
import base64
import io
import json
import os
import tarfile

from harness import Scenario
from registries import QuietHandler, ToldRegistry, digest_of, free_port, layer_of, serve
from test_registry import RegistryScenario

SECRETS = ("secret", base64.b64encode(b"ann:secret").decode(), "refresh-me")


class Stranger:
    """Another origin than the registry's. It asks whoever comes for credentials, in one of several ways, and keeps
    all that it is sent."""

    def __init__(self, test):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.challenge, self.given = "", []
        owner = self

        class Handler(QuietHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                owner.given.append(f"{self.command} {self.path}\n{self.headers}\n{body[:4096]}")
                if self.path.startswith("/token"):
                    return self.answer(200, b'{"token":"t"}')
                return self.answer(401, b"", {"WWW-Authenticate": owner.challenge})

            do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        serve(test, Handler, self.port)

    def challenges(self):
        return ('Basic realm="r"', f'Bearer realm="http://{self.host}/token",service="s"',
                f'Bearer realm="http://{self.host}/token",service="s", Basic realm="r"')

    def secrets(self):
        return [text for text in self.given if any(secret in text for secret in SECRETS)]


class Challenges(RegistryScenario):
    """Whoever a registry leads to learns nothing of what is kept for it, whatever they ask for."""

    def setUp(self):
        super().setUp()
        self.registry, self.stranger = ToldRegistry(self), Stranger(self)
        self.name = f"{self.registry.host}/lib/a:1"
        self.blob, self.diff_id = layer_of({"file": b"x" * 1000})

    def log_in(self, identity_token=False):
        entry = {"auth": SECRETS[1]}
        if identity_token:
            entry = {"identitytoken": SECRETS[2]}
        (self.config / "config.json").write_text(json.dumps({"auths": {self.registry.host: entry}}))

    def lead_away(self, end):
        """The registry answers what ends so with a redirect to the stranger."""
        def away(handler):
            handler.answer(307, b"", {"Location": f"http://{self.stranger.host}{handler.path}"})

        self.registry.hooks[end] = away

    def test_the_target_of_a_redirect_is_not_logged_in_to(self):
        self.registry.image([(self.blob, self.diff_id)], "1")
        for end in ("manifests/1", digest_of(self.blob)):
            for challenge in self.stranger.challenges():
                for identity_token in (False, True):
                    with self.subTest(end=end, challenge=challenge, identity_token=identity_token):
                        self.log_in(identity_token)
                        self.registry.hooks = {}
                        self.lead_away(end)
                        self.stranger.challenge = challenge
                        self.stranger.given.clear()
                        self.fails("image", "pull", self.name, says=[self.registry.host, self.stranger.host], rc=1)
                        self.assertTrue(self.stranger.given)
                        self.assertEqual(self.stranger.secrets(), [])

    def test_a_way_back_does_not_bring_the_password_back(self):
        """The stranger chooses what is asked of the registry in our name."""
        self.log_in()
        self.registry.image([(self.blob, self.diff_id)], "1")
        back = ToldRegistry(self)

        def closed(handler):
            if handler.headers.get("Authorization"):
                return True
            handler.answer(401, b"", {"WWW-Authenticate": 'Basic realm="r"'})
            return False

        def away(handler):
            if closed(handler):
                handler.answer(307, b"", {"Location": f"http://{back.host}/back"})

        back.hooks["/back"] = lambda handler: handler.answer(
            307, b"", {"Location": f"http://{self.registry.host}/chosen"})
        self.registry.hooks = {"/v2/": closed, "manifests/1": away, "/chosen": closed}
        self.fails("image", "pull", self.name, says=[self.registry.host], rc=1)
        self.assertTrue(self.registry.asked("/chosen"))
        self.assertFalse([headers for _, _, headers in self.registry.asked("/chosen") if "Authorization" in headers])

    def test_an_upload_elsewhere_is_not_logged_in_to(self):
        archive = self.top / "a.tar"
        with tarfile.open(archive, "w") as tar:
            tar.addfile(tarfile.TarInfo("file"))
        self.estiba("image", "import", archive, self.name)
        for challenge in self.stranger.challenges():
            with self.subTest(challenge=challenge):
                self.log_in()
                self.stranger.challenge = challenge
                self.stranger.given.clear()
                uploading = Uploading(self, self.stranger)
                name = f"{uploading.host}/lib/a:1"
                config = {"auths": {uploading.host: {"auth": SECRETS[1]}}}
                (self.config / "config.json").write_text(json.dumps(config))
                self.estiba("image", "tag", self.name, name)
                self.fails("image", "push", name, says=[uploading.host, self.stranger.host], rc=1)
                self.assertTrue(self.stranger.given)
                self.assertEqual(self.stranger.secrets(), [])

    def test_a_token_server_that_leads_on_is_not_followed(self):
        self.log_in()
        self.stranger.challenge = 'Basic realm="r"'
        tokens = ToldRegistry(self)

        def leads_on(handler):
            handler.answer(307, b"", {"Location": f"http://{self.stranger.host}/token"})

        def closed(handler):
            handler.answer(401, b"", {"WWW-Authenticate": f'Bearer realm="http://{tokens.host}/x",service="s"'})

        for path in ("/x?service=s&scope=repository%3alib%2fa%3apull&account=ann", "/x"):
            tokens.hooks[path] = leads_on
        self.registry.hooks = {"/v2/": closed, "manifests/1": closed}
        self.fails("image", "pull", self.name, says=["token server", tokens.host], rc=1)
        self.assertEqual(self.stranger.given, [])

    def test_what_is_said_of_a_realm_is_believed_only_if_it_is_one_address(self):
        self.log_in()
        for realm in ("http://example.org/token", f"https://{self.stranger.host}\\\\@{self.registry.host}/token",
                      f"http://ann@{self.stranger.host}/token", "file:///etc/passwd", "token", "https://"):
            with self.subTest(realm=realm):
                def closed(handler, realm=realm):
                    handler.answer(401, b"", {"WWW-Authenticate": f'Bearer realm="{realm}"'})

                self.registry.hooks = {"/v2/": closed}
                self.fails("image", "pull", self.name, says=[self.registry.host], rc=1)
                self.assertEqual(self.stranger.given, [])

    def test_a_token_brings_no_header_of_its_own(self):
        for token in ("t\r\nX-Other: 1", "t\u0000", "t t", "t\t"):
            with self.subTest(token=token):
                def closed(handler, token=token):
                    if handler.path.startswith("/token"):
                        return handler.answer(200, json.dumps({"token": token}).encode())
                    handler.answer(401, b"", {
                        "WWW-Authenticate": f'Bearer realm="http://{self.registry.host}/token"'})

                self.registry.seen.clear()
                self.registry.hooks = {"": closed}
                self.fails("image", "pull", self.name, says=["token", self.registry.host], rc=1)
                self.assertFalse([headers for _, _, headers in self.registry.seen if "X-Other" in headers])

    def test_what_it_says_reaches_the_terminal_as_plain_text(self):
        def rude(handler):
            handler.answer(403, json.dumps({"errors": [{"message": "a\u001b]0;title\u0007b\nc"}]}).encode())

        self.registry.hooks = {"manifests/1": rude}
        result = self.fails("image", "pull", self.name, says=[self.registry.host, "title"], rc=1)
        self.assertNotIn("\x1b", result.err)
        self.assertIn("(a ]0;title b c)", result.err)


class Endless(RegistryScenario):
    """Registries that would keep somebody busy for ever."""

    def test_a_refusal_without_end(self):
        registry = ToldRegistry(self)

        def endless(handler):
            handler.send_response(404)
            handler.end_headers()
            while True:
                handler.wfile.write(b" " * 65536)

        registry.hooks["manifests/1"] = endless
        self.fails("image", "pull", f"{registry.host}/lib/a:1", says=[registry.host, "without end"], rc=1)

    def test_an_upload_that_never_arrives(self):
        pieces = []

        class Handler(QuietHandler):
            def do_GET(self):
                self.answer(200 if self.path == "/v2/" else 404 if "blobs/sha256" in self.path else 204, b"",
                            {"Range": "0-0"})

            def do_POST(self):
                self.answer(202, b"", {"Location": "/v2/lib/a/blobs/uploads/1"})

            def do_PATCH(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pieces.append(self.path)
                self.answer(202, b"", {"Location": "/v2/lib/a/blobs/uploads/1", "Range": "0-0"})

            do_HEAD = do_GET

        port = free_port()
        serve(self, Handler, port)
        name = f"127.0.0.1:{port}/lib/a:1"
        archive = self.top / "a.tar"
        with tarfile.open(archive, "w") as tar:
            tar.addfile(tarfile.TarInfo("file"))
        self.estiba("image", "import", archive, name)
        self.fails("image", "push", name, says=["127.0.0.1", "the upload of"], rc=1)
        self.assertLess(len(pieces), 20)


class Uploading:
    """A registry that takes no upload itself: it sends them to the stranger."""

    def __init__(self, test, stranger):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"

        class Handler(QuietHandler):
            def do_GET(self):
                self.answer(200 if self.path == "/v2/" else 404)

            def do_POST(self):
                self.answer(202, b"", {"Location": f"http://{stranger.host}{self.path}?u=1"})

            do_HEAD = do_GET

        serve(test, Handler, self.port)


class Archives(Scenario):
    """What an archive must not get away with."""
    needs_image = False

    def setUp(self):
        super().setUp()
        self.layer, self.diff_id = layer_of({"file": b"content"}, compress=lambda data: data)

    def archive(self, files, name="it.tar"):
        with tarfile.open(self.project / name, "w") as tar:
            for path, data in files.items():
                entry = tarfile.TarInfo(path)
                data = data if isinstance(data, bytes) else json.dumps(data).encode()
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        return self.project / name

    def refused(self, files, *says):
        """One sentence that names the archive; and nothing of it is here afterwards."""
        archive = self.archive(files)
        result = self.fails("image", "load", "-i", archive, says=[archive.name, *says], rc=1)
        self.assertNotIn("\x1b", result.err)
        images = self.top / "root/images"
        self.assertEqual(self.estiba("image", "ls", "-a", "-q"), "")
        self.assertEqual(os.listdir(images / "tmp") if (images / "tmp").exists() else [], [])

    def config(self, **more):
        return {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [self.diff_id]}, **more}

    def docker(self, config=None, tags=("a:1",), manifest=None):
        if manifest is None:
            manifest = [{"Config": "c.json", "RepoTags": list(tags), "Layers": ["l.tar"]}]
        return {"manifest.json": manifest, "c.json": self.config() if config is None else config, "l.tar": self.layer}

    def oci(self, index=None, **blobs):
        """An OCI layout; `blobs` are put in the place of config, manifest or nested."""
        files = {}

        def put(name, document):
            data = json.dumps(document).encode()
            files[f"blobs/sha256/{digest_of(data)[7:]}"] = blobs.get(name, data)
            return {"mediaType": "application/octet-stream", "digest": digest_of(data), "size": len(data)}

        files[f"blobs/sha256/{self.diff_id[7:]}"] = self.layer
        layers = [{"digest": self.diff_id, "size": len(self.layer)}]
        manifest = put("manifest", {"schemaVersion": 2, "config": put("config", self.config()), "layers": layers})
        nested = index(manifest) if index else {"schemaVersion": 2, "manifests": [manifest]}
        files["index.json"] = {"schemaVersion": 2, "manifests": [put("nested", nested)]}
        return files

    def test_the_honest_ones(self):
        self.assertIn("a:1", self.estiba("image", "load", "-i", self.archive(self.docker())))
        self.assertIn("sha256:", self.estiba("image", "load", "-i", self.archive(self.oci())))

    def test_digests_that_are_none(self):
        for digest in ("", "sha256", "nocolon", "sha256:", "sha256:../../../etc/passwd", "sha256:" + "A" * 64, ":" * 70,
                       "sha512:" + "a" * 128, "a\u001b[2Jb", "x" * 100000, 7, None, ["sha256:" + "a" * 64], {}):
            with self.subTest(digest=str(digest)[:40]):
                bad = {"digest": digest, "size": 2}
                self.refused(self.oci(lambda _: {"schemaVersion": 2, "manifests": [bad]}), "digest")
                self.refused({"index.json": {"manifests": [bad]}}, "digest")
                self.refused(self.oci(lambda _: {"schemaVersion": 2, "config": bad, "layers": []}), "digest")
                self.refused(self.oci(lambda good: {"schemaVersion": 2, "config": good, "layers": [bad]}), "digest")
                self.refused(self.docker(self.config(rootfs={"diff_ids": [digest]})))

    def test_documents_of_another_shape(self):
        for text in (b"", b"{", b"[]", b"7", b"null", b"\"a\"", b"[7]", b"[[]]", b"1e999", b"\xff\xfe", b"[" * 1000000,
                     b"{\"a\":" * 100000, b"{" + b",".join(b'"%d":0' % i for i in range(300000)) + b"}"):
            with self.subTest(text=text[:20]):
                self.refused(self.docker(config=text), "c.json")
                # An empty list is one without images.
                if text not in (b"[]", b"null"):
                    self.refused(self.docker(manifest=text), "manifest.json")
                    self.refused({"index.json": b'{"manifests":' + text + b"}"}, "index.json")

    def test_members_of_another_type(self):
        for wrong in (7, -1, "a", [7], [[]], {"a": 7}, True, 1e300):
            with self.subTest(wrong=wrong):
                platform = lambda good: {"schemaVersion": 2, "manifests": [{**good, "platform": wrong}]}
                if wrong != {"a": 7}:
                    self.refused(self.oci(platform))
                for member in ("os", "architecture", "variant"):
                    value = wrong if wrong != "a" else 7
                    self.refused(self.oci(lambda good, m=member, v=value: {
                        "schemaVersion": 2, "manifests": [{**good, "platform": {m: v}}]}))
                self.refused(self.docker(self.config(rootfs=wrong)))
                self.refused(self.docker(self.config(history=wrong)))
                for member in ("Env", "Cmd", "Entrypoint", "Shell", "OnBuild"):
                    self.refused(self.docker(self.config(config={member: wrong})))
                if wrong != {"a": 7}:
                    for member in ("Labels", "Healthcheck", "Volumes", "ExposedPorts"):
                        self.refused(self.docker(self.config(config={member: wrong})))

    def test_names_that_are_none(self):
        pinned = "library/a@sha256:" + "a" * 64
        for tag in ("", "a b", "A", "a:1\nb", "a:1\u0000", "../a", "a:" + "x" * 200, pinned, "a:1@" + pinned.split("@")[1],
                    "\u001b[2J"):
            with self.subTest(tag=tag):
                self.refused(self.docker(tags=[tag]), "names an image")

    def test_content_under_another_contents_name(self):
        for part in ("config", "manifest", "nested"):
            with self.subTest(part=part):
                self.refused(self.oci(**{part: b"{}"}), "damaged")
        self.layer = self.layer[:-1] + b"x"
        self.refused(self.docker(), "damaged")

    def test_an_image_that_asks_for_too_much(self):
        many = {f"/v{i}": {} for i in range(1000)}
        self.refused(self.docker(self.config(config={"Volumes": many})), "c.json", "1000 volumes")
        self.refused(self.docker(self.config(config={"Env": ["A=b"] * 5000})), "environment")
        self.refused(self.docker(self.config(config={"Volumes": {"/a\nb": {}}})), "volume", "control characters")
        self.refused(self.docker(self.config(config={"Env": ["A=b\u0000c"]})), "NUL")
        self.refused(self.docker(self.config(rootfs={"diff_ids": [self.diff_id] * 2000})), "2000 layers")
