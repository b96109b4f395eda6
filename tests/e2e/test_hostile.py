"""Registries and archives that were written to do harm."""
import base64
import json
import tarfile

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
