# SPDX-License-Identifier: Apache-2.0
"""What the first lines say when a target does not answer as it should."""

import socketserver
import ssl
import subprocess
import threading

from hostile.server import Server

QUICK = ["--snapshots", "2", "--interval", "0.2s", "--budget-share", "100%"]


def test_metrics_alone_are_no_good_verdict(run):
    with Server() as target:
        done = run("collect", *QUICK, target.url + "/foo")
    first = done.out.decode().splitlines()[0]
    assert first.startswith("what   No goroutines were seen: only metrics were answered"), done
    assert b"Nothing" not in done.out, done
    assert run("analyze", done.path).out.decode().splitlines()[0] == first


def test_a_target_without_goroutines_is_named(run):
    with Server() as target, Server() as other:
        done = run("collect", *QUICK, target.url, other.url + "/foo")
    unseen = [line for line in done.out.decode().splitlines() if line.startswith("unseen")]
    assert unseen == [f"unseen no goroutines were seen of {other.name}/foo"], done


class PlainHandler(socketserver.BaseRequestHandler):
    """What a server of plain HTTP says to a TLS handshake."""

    def handle(self):
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def test_https_to_a_plain_port_is_told(run):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), PlainHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        name = f"127.0.0.1:{server.server_address[1]}"
        done = run("collect", *QUICK, "https://" + name)
        server.shutdown()
    assert done.status == 3, done
    assert f"the target does not speak TLS there: try http://{name}\n" in done.err, done


def test_http_to_a_port_that_speaks_tls_is_told(run, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server(tls=context) as target:
        done = run("collect", *QUICK, target.url.replace("https:", "http:"))
    assert f"try {target.url}\n" in done.err, done
