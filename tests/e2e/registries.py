"""Registries for the scenarios, each on a loopback port with a folder of its own: Debian's docker-registry, open
or closed; a token server; a web server that drops and delays; and a registry that answers as it is told to."""
import base64
import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
import unittest
import urllib.parse


def need(*programs):
    """Skips the test, naming what is not installed."""
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [program for program in programs if not shutil.which(program, path=path)]
    if missing:
        raise unittest.SkipTest(f"not installed: {', '.join(missing)}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on port {port}")


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Process:
    """A server that ends with the test."""

    def __init__(self, test, arguments, port, log):
        self.output = open(log, "wb")
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT)
        test.ends_with(self.end)
        wait_for(port)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.output.close()


class Registry:
    """docker-registry. `more` is added to its configuration."""

    def __init__(self, test, name="registry", more=None, port=None):
        need("docker-registry")
        self.folder = test.top / name
        self.folder.mkdir(exist_ok=True)
        self.port = port or free_port()
        self.host = f"127.0.0.1:{self.port}"
        config = {"version": 0.1, "log": {"accesslog": {"disabled": False}},
                  "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}, "delete": {"enabled": True}},
                  "http": {"addr": self.host, **((more or {}).pop("http", {}))}, **(more or {})}
        # JSON is YAML.
        (self.folder / "config.yml").write_text(json.dumps(config))
        self.log = self.folder / "log"
        self.process = Process(test, ["docker-registry", "serve", str(self.folder / "config.yml")], self.port, self.log)

    def requests(self, method, part=""):
        """The access log's lines with this method and part of a path."""
        return [line for line in self.log.read_text(errors="replace").splitlines()
                if f'"{method} ' in line and part in line]


def htpasswd(folder, user="ann", password="secret"):
    need("htpasswd")
    line = subprocess.run(["htpasswd", "-nbB", user, password], capture_output=True, text=True, check=True).stdout
    path = pathlib.Path(folder) / "htpasswd"
    path.write_text(line)
    return {"auth": {"htpasswd": {"realm": "test", "path": str(path)}}}


class TokenServer:
    """Hands out bearer tokens (RS256 by openssl) to one user, or to anybody for pulling."""

    def __init__(self, test, folder, user="ann", password="secret", anonymous_pull=False, lifetime=300):
        need("openssl")
        self.folder, self.port = pathlib.Path(folder), free_port()
        self.folder.mkdir(exist_ok=True)
        self.requests = []
        self.key, self.certificate = self.folder / "token.key", self.folder / "token.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tokens",
                        "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        owner = self

        class Handler(QuietHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                given = self.headers.get("Authorization")
                owner.requests.append((query, given))
                known = given == "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
                if (given and not known) or not (known or anonymous_pull):
                    return self.answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}')
                access = [scope.split(":") for scope in query.get("scope", [])]
                rights = [{"type": kind, "name": name, "actions": actions.split(",") if known else ["pull"]}
                          for kind, name, actions in access]
                body = {"token": owner.sign(query["service"][0], rights, lifetime), "expires_in": lifetime}
                self.answer(200, json.dumps(body).encode())

        serve(test, Handler, self.port)

    def sign(self, service, access, lifetime):
        def encoded(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")

        body = "".join(line for line in self.certificate.read_text().splitlines() if "-----" not in line)
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [body]}
        claims = {"iss": "tokens", "sub": "", "aud": service, "iat": now, "nbf": now - 5, "exp": now + lifetime,
                  "jti": os.urandom(8).hex(), "access": access}
        text = encoded(json.dumps(header).encode()) + b"." + encoded(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text, check=True,
                                   capture_output=True).stdout
        return (text + b"." + encoded(signature)).decode()

    def settings(self):
        return {"auth": {"token": {"realm": f"http://127.0.0.1:{self.port}/token", "service": "registry",
                                   "issuer": "tokens", "rootcertbundle": str(self.certificate)}}}


class QuietHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), **(headers or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def serve(test, handler, port):
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # a client that goes away is part of many tests

    server = Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def end():
        server.shutdown()
        server.server_close()

    test.ends_with(end)
    return server


def layer_of(files, compress=gzip.compress, mode=0o644):
    """(blob, diff id) of a layer with these files (path → bytes) of this mode."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(data), 1, mode
            tar.addfile(entry, io.BytesIO(data))
    return compress(out.getvalue()), digest_of(out.getvalue())


class ToldRegistry:
    """A registry in memory. `blobs` and `manifests` are what it has; `hooks` (path's end → function of the handler)
    answer in their place, and return True to let the usual answer follow."""

    def __init__(self, test, port=None):
        self.port = port or free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.blobs, self.manifests, self.hooks, self.seen = {}, {}, {}, []
        owner = self

        class Handler(QuietHandler):
            def do_GET(self):
                owner.seen.append((self.command, self.path, dict(self.headers)))
                for end, hook in list(owner.hooks.items()):
                    if self.path.endswith(end) and not hook(self):
                        return None
                if self.path == "/v2/":
                    return self.answer(200, b"{}")
                name = self.path.rsplit("/", 1)[1]
                if "/manifests/" in self.path and name in owner.manifests:
                    kind, body = owner.manifests[name]
                    return self.answer(200, body, {"Content-Type": kind})
                if "/blobs/" in self.path and name in owner.blobs:
                    return self.give_blob(owner.blobs[name])
                return self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')

            def give_blob(self, body):
                asked = self.headers.get("Range")
                if not asked:
                    return self.answer(200, body)
                start = int(asked.removeprefix("bytes=").split("-")[0])
                return self.answer(206, body[start:],
                                   {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"})

            do_HEAD = do_GET

        serve(test, Handler, self.port)

    MANIFEST = "application/vnd.oci.image.manifest.v1+json"
    INDEX = "application/vnd.oci.image.index.v1+json"

    def add_blob(self, body):
        self.blobs[digest_of(body)] = body
        return digest_of(body)

    def add_manifest(self, document, *names, kind=MANIFEST):
        body = json.dumps(document).encode()
        for name in (*names, digest_of(body)):
            self.manifests[name] = (kind, body)
        return digest_of(body), len(body)

    def image(self, layers, *names, architecture="amd64", media="application/vnd.oci.image.layer.v1.tar+gzip"):
        """An image of layers [(blob, diff id)]; returns its manifest's (digest, size)."""
        config = json.dumps({"architecture": architecture, "os": "linux", "config": {"Cmd": ["/bin/sh"]},
                             "rootfs": {"type": "layers", "diff_ids": [diff for _, diff in layers]}}).encode()
        document = {"schemaVersion": 2, "mediaType": self.MANIFEST,
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                               "digest": self.add_blob(config), "size": len(config)},
                    "layers": [{"mediaType": media, "digest": self.add_blob(blob), "size": len(blob)}
                               for blob, _ in layers]}
        return self.add_manifest(document, *names)

    def asked(self, part):
        return [(method, path, headers) for method, path, headers in self.seen if part in path]


class Nginx:
    """nginx in front of a registry, with these directives within its location."""

    def __init__(self, test, upstream, directives, name="nginx"):
        need("nginx")
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        folder = test.top / name
        folder.mkdir()
        config = folder / "nginx.conf"
        config.write_text(f"""
            daemon off; pid {folder}/pid; error_log {folder}/error.log; user root;
            events {{}}
            http {{
              access_log {folder}/access.log;
              client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
              uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5; client_max_body_size 0;
              server {{
                listen 127.0.0.1:{self.port};
                location / {{ proxy_pass http://{upstream}; proxy_set_header Host $http_host; {directives} }}
              }}
            }}""")
        self.access = folder / "access.log"
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.master = Process(test, [program, "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")],
                              self.port, folder / "log")

    def drop_connections(self):
        """Kills the workers; the master starts others."""
        master = self.master.process.pid
        workers = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
