# SPDX-License-Identifier: Apache-2.0
"""A server on loopback whose answers to chosen paths are hostile, byte for byte."""

import contextlib
import gzip
import socket
import socketserver
import struct
import threading
import time
from urllib.parse import urlsplit

from .pprof import Program

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def good(status, body, extra=b""):
    return (b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), extra)) + body


class Server:
    """Answers like `program`, except where `hostile` has a behaviour for the path: a function of
    (connection, server). "*" stands for every path."""

    def __init__(self, program=None, hostile=None, tls=None):
        self.program = program or Program()
        self.hostile = hostile or {}
        self.asked = []
        self.open = self.most_open = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    outer.serve(tls.wrap_socket(self.request, server_side=True) if tls
                                else self.request)

        class Listener(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 512

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self.listener.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.name = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.listener.shutdown()
        self.listener.server_close()

    def serve(self, connection):
        reader = connection.makefile("rb")
        while self.serve_one(connection, reader):
            pass

    def serve_one(self, connection, reader):
        line = reader.readline()
        if not line:
            return False
        while reader.readline() not in (b"\r\n", b""):
            pass
        parts = urlsplit(line.split()[1].decode())
        with self.lock:
            self.asked.append(parts.path + ("?" + parts.query if parts.query else ""))
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            return self.answer(connection, parts)
        finally:
            with self.lock:
                self.open -= 1

    def answer(self, connection, parts):
        behave = self.hostile.get(parts.path) or self.hostile.get("*")
        if behave:
            behave(connection, self)
            return False
        body = self.program.answer(parts.path, parts.query)
        if body is None:
            connection.sendall(good(b"404 Not Found", b"404 page not found\n"))
        else:
            connection.sendall(good(b"200 OK", body))
        return True


# Behaviours. Each may send what it likes; the connection is closed behind it.

def silent(_connection, server):
    server.stopping.wait(60)


def trickle(connection, server):
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    for byte in server.program.dump()[:60]:
        connection.sendall(bytes([byte]))
        if server.stopping.wait(0.1):
            return


def stall(connection, server):
    body = server.program.dump()
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n" + body)
    server.stopping.wait(60)


def endless(connection, server):
    connection.sendall(HEAD + b"\r\n" + server.program.dump())
    record = (b"\ngoroutine 99 [select]:\nmain.endless()\n\t/src/app/main.go:1 +0x1\n" * 1000)
    while not server.stopping.is_set():
        connection.sendall(record)


def bomb(connection, _server):
    record = b"\ngoroutine 99 [select]:\nmain.bomb()\n\t/src/app/main.go:1 +0x1\n"
    body = gzip.compress(record * 2_000_000, 1)
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def cut_at_64_mib(connection, _server):
    parts, size, number = [], 0, 100
    limit = 67108864
    while size < limit:
        part = b"".join(
            b"goroutine %d [chan receive]:\nmain.wait(0xc000012345)\n\t/src/app/main.go:42 +0x25\n"
            b"created by main.main in goroutine 1\n\t/src/app/main.go:10 +0x85\n\n" % n
            for n in range(number, number + 5000))
        number += 5000
        parts.append(part)
        size += len(part)
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % limit + b"".join(parts)[:limit])


def reset(connection, _server):
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\ngoroutine 1 [running]:\n")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def too_short(connection, server):
    body = server.program.dump()
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + 1000) + body)


def too_long(connection, server):
    body = server.program.dump()
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) - 30) + body)


def bad_chunks(connection, server):
    body = server.program.dump()
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\nzz\r\n")


def redirect(connection, _server):
    connection.sendall(good(b"302 Found", b"", b"Location: http://169.254.169.254/latest/meta-data\r\n"))


def unauthorized(connection, _server):
    connection.sendall(good(b"401 Unauthorized", b"no\n", b"WWW-Authenticate: Basic realm=x\r\n"))


def unknown_profile(connection, _server):
    connection.sendall(good(b"404 Not Found", b"Unknown profile\n", b"X-Go-Pprof: 1\r\n"))


def oops(connection, _server):
    connection.sendall(good(b"500 Internal Server Error", b"nil map \x1b[31mred\n"))


def login_page(connection, _server):
    connection.sendall(good(b"200 OK", b"<!DOCTYPE html><html><form>password</form></html>",
                            b"Content-Type: text/html\r\n"))


def not_http(connection, _server):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def endless_headers(connection, server):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not server.stopping.is_set():
        connection.sendall(b"X-Padding: " + b"a" * 1000 + b"\r\n")


def slow_connect_listener():
    """A listener whose queue is full: connections to it never complete."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    time.sleep(0.05)
    return listener, fillers
