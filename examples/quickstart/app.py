"""Counts visits in redis. Only the standard library: http.server in front, a socket to redis behind.

Run with --check it asks a running instance for its health instead; the health check does that.
"""
import http.server
import os
import socket
import sys
import urllib.request

PORT = 8000
REDIS = (os.environ.get("REDIS_HOST", "redis"), 6379)


def redis(*words):
    """One command in redis's protocol; the first line of the answer without its type."""
    request = b"*%d\r\n" % len(words)
    for word in words:
        request += b"$%d\r\n%s\r\n" % (len(word), word.encode())
    with socket.create_connection(REDIS, timeout=2) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb").readline().decode().strip()
    if answer.startswith("-"):
        raise OSError(answer[1:])
    return answer[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            if self.path == "/health":
                self.answer(200, redis("PING"))
            else:
                self.answer(200, f"You are visitor number {redis('INCR', 'visits')}.")
        except OSError as error:
            self.answer(503, f"The store does not answer: {error}.")

    def answer(self, status, text):
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if sys.argv[1:] == ["--check"]:
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=2) as reply:
        sys.exit(reply.status != 200)
http.server.ThreadingHTTPServer(("", PORT), Handler).serve_forever()
