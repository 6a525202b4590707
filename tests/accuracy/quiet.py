#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What parkwatch says of software that nobody here wrote and that does not leak: etcd,
kube-apiserver and Prometheus at work. It should say nothing above *hint*, at any minute.

    tests/accuracy/quiet.py                10 minutes
    tests/accuracy/quiet.py --minutes 4

etcd and kube-apiserver come from scripts/build-quiet.sh, Prometheus is Debian's. Each has a light
load and listens on loopback only. Prints a table; exits with 1 when something is said that the
table below does not explain, and prints it with its stack.
"""

import argparse
import base64
import contextlib
import http.client
import json
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from observed import LOUD, lines, stacks, ticks, told_along, unix
from programs import ROOT, Collection, end, end_all_at_sigterm
from table import Table

INTERVAL_S = 12
LEAST_ANSWERS_PER_S = 2  # a load that does nothing would prove nothing

# What is said and explained: (program, verdict, a function of the stack, why, where to read it). Each
# is a false alarm that is known; a row goes when the model no longer gives it.
EXPLAINED = [
]


class Service:
    """A server under test. Use as a context manager."""

    def __init__(self, folder, name, *command):
        self.name, self.log = name, folder / f"{name}.log"
        self.output = open(self.log, "w", encoding="utf-8")
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.output,
                                        stderr=subprocess.STDOUT, cwd=folder)

    def wait_until(self, ready, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError, http.client.HTTPException):
                if ready():
                    return
            time.sleep(0.3)
        said = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{self.name} does not answer (status {self.process.poll()}): {said}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)
        self.output.close()


class Client:
    """One connection at a time to one server, for one thread."""

    def __init__(self, url, headers=None, ca=None):
        self.parts, self.headers, self.ca = urllib.parse.urlsplit(url), headers or {}, ca
        self.connection = None

    def connect(self):
        if self.parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca)
            return http.client.HTTPSConnection(self.parts.netloc, timeout=90, context=context)
        return http.client.HTTPConnection(self.parts.netloc, timeout=90)

    def open(self, method, path, body=None, headers=None):
        if self.connection is None:
            self.connection = self.connect()
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, {"Content-Type": "application/json",
                                                     **self.headers, **(headers or {})})
        return self.connection.getresponse()

    def ask(self, method, path, body=None, headers=None):
        """(status, what was answered)"""
        try:
            answer = self.open(method, path, body, headers)
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Load:
    """Threads that keep a server at work, and how many answers they had."""

    def __init__(self, over):
        self.over, self.threads, self.lock = over, [], threading.Lock()
        self.answers, self.errors, self.last_error = 0, 0, None
        self.begun = time.monotonic()

    def run(self, make_client, work, pause_s, beside=1):
        """`beside` threads call work(client, random) again and again, a pause apart."""
        for index in range(beside):
            thread = threading.Thread(target=self.loop, daemon=True,
                                      args=(make_client, work, pause_s, random.Random(index)))
            thread.start()
            self.threads.append(thread)

    def loop(self, make_client, work, pause_s, dice):
        client = make_client()
        while not self.over.wait(dice.expovariate(1 / pause_s)):
            try:
                work(client, dice)
                with self.lock:
                    self.answers += 1
            except Exception as failure:  # counted; the server under test may be busy
                client.close()
                with self.lock:
                    self.errors += not self.over.is_set()
                    self.last_error = failure
        client.close()

    def answers_per_s(self):
        return self.answers / (time.monotonic() - self.begun)


def expect(answer, *good):
    status, body = answer
    if status not in good:
        raise RuntimeError(f"status {status}: {body[:200]!r}")
    return body


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def text64(text):
    return base64.b64encode(text.encode()).decode()


def etcd(stack, binaries, folder, name):
    """A running etcd; its URL."""
    url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    service = stack.enter_context(Service(
        folder, name, binaries / "etcd", "--name", name, "--data-dir", folder / f"{name}.data",
        "--listen-client-urls", url, "--advertise-client-urls", url,
        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
        "--initial-cluster", f"{name}={peer}", "--enable-pprof", "--unsafe-no-fsync",
        "--log-level", "warn"))
    client = Client(url)
    service.wait_until(lambda: client.ask("GET", "/health")[0] == 200)
    return url


def load_etcd(load, url):
    """Puts, gets, leases that expire or are given back, and watches, over its HTTP gateway."""

    def put(client, dice):
        key = text64(f"key-{dice.randrange(500)}")
        expect(client.ask("POST", "/v3/kv/put", {"key": key, "value": text64("x" * 200)}), 200)

    def get(client, dice):
        first = text64(f"key-{dice.randrange(500)}")
        expect(client.ask("POST", "/v3/kv/range", {"key": first, "range_end": text64("key~"),
                                                   "limit": 20}), 200)

    def lease(client, dice):
        body = expect(client.ask("POST", "/v3/lease/grant", {"TTL": dice.randrange(3, 30)}), 200)
        lease_id = json.loads(body)["ID"]
        expect(client.ask("POST", "/v3/kv/put", {"key": text64(f"lease-{lease_id}"),
                                                 "value": text64("x"), "lease": lease_id}), 200)
        if dice.random() < 0.5:
            expect(client.ask("POST", "/v3/lease/revoke", {"ID": lease_id}), 200)

    def watch(client, dice):
        until = time.monotonic() + dice.uniform(5, 40)
        answer = client.open("POST", "/v3/watch", {"create_request": {
            "key": text64("key-"), "range_end": text64("key~")}})
        while time.monotonic() < until and not load.over.is_set() and answer.readline():
            pass
        client.close()

    load.run(lambda: Client(url), put, 0.2, 3)
    load.run(lambda: Client(url), get, 0.2, 2)
    load.run(lambda: Client(url), lease, 1)
    load.run(lambda: Client(url), watch, 1, 4)


def apiserver(stack, binaries, folder, store):
    """A running kube-apiserver; its URL, and the files with its certificate and a token."""
    certificate, key, account, tokens, token = (
        folder / n for n in ("tls.pem", "tls.key", "account.key", "tokens.csv", "token"))
    for command in (
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", key, "-out", certificate],
            ["openssl", "genrsa", "-out", account, "2048"]):
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    secret = base64.b16encode(random.SystemRandom().randbytes(16)).decode()
    tokens.write_text(f'{secret},tester,1,"system:masters"\n', encoding="utf-8")
    token.write_text(secret, encoding="utf-8")
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    service = stack.enter_context(Service(
        folder, "kube-apiserver", binaries / "kube-apiserver", "--etcd-servers", store,
        "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", port,
        "--endpoint-reconciler-type", "none", "--cert-dir", folder / "apiserver",
        "--tls-cert-file", certificate, "--tls-private-key-file", key,
        "--token-auth-file", tokens, "--authorization-mode", "RBAC", "--profiling=true",
        "--service-cluster-ip-range", "10.96.0.0/24",
        "--service-account-issuer", "https://kubernetes.default.svc",
        "--service-account-key-file", account, "--service-account-signing-key-file", account))

    def client():
        return Client(url, {"Authorization": f"Bearer {secret}"}, certificate)

    probe = client()
    service.wait_until(lambda: probe.ask("GET", "/readyz")[0] == 200, 120)
    probe.close()
    return url, client, certificate, token


def load_apiserver(load, client):
    """Config maps made, changed, listed, watched and deleted."""
    maps = "/api/v1/namespaces/default/configmaps"

    def change(client, dice):
        name = f"map-{dice.randrange(200)}"
        body = {"metadata": {"name": name}, "data": {"value": str(dice.random())}}
        status, _ = client.ask("POST", maps, body)
        if status == 409:
            patch = {"Content-Type": "application/merge-patch+json"}
            expect(client.ask("PATCH", f"{maps}/{name}", {"data": body["data"]}, patch), 200, 404)
        elif status != 201:
            raise RuntimeError(f"status {status}")

    def delete(client, dice):
        expect(client.ask("DELETE", f"{maps}/map-{dice.randrange(200)}"), 200, 404)

    def read(client, dice):
        expect(client.ask("GET", dice.choice((maps, "/api/v1/namespaces", "/apis", "/openapi/v2",
                                              "/api/v1/pods?limit=50"))), 200)

    def watch(client, dice):
        answer = client.open("GET", f"{maps}?watch=1&timeoutSeconds={dice.randrange(5, 60)}")
        while not load.over.is_set() and answer.readline():
            pass
        client.close()

    load.run(client, change, 0.25, 2)
    load.run(client, delete, 0.5)
    load.run(client, read, 0.5, 2)
    load.run(client, watch, 1, 5)


def prometheus(stack, folder, scraped, api, certificate, token):
    """A running Prometheus that scrapes itself and all others; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    targets = ", ".join(f'"{urllib.parse.urlsplit(u).netloc}"' for u in [url, *scraped])
    (folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 5s, evaluation_interval: 5s}}
rule_files: [{folder}/rules.yml]
scrape_configs:
  - job_name: plain
    static_configs: [{{targets: [{targets}]}}]
  - job_name: apiserver
    scheme: https
    authorization: {{credentials_file: {token}}}
    tls_config: {{ca_file: {certificate}}}
    static_configs: [{{targets: ["{urllib.parse.urlsplit(api).netloc}"]}}]
""", encoding="utf-8")
    (folder / "rules.yml").write_text("""
groups:
  - name: some
    rules:
      - {record: goroutines, expr: sum(go_goroutines) by (job)}
      - {alert: Many, expr: go_goroutines > 1e6, for: 1m}
""", encoding="utf-8")
    service = stack.enter_context(Service(
        folder, "prometheus", shutil.which("prometheus") or "prometheus",
        f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}"))
    probe = Client(url)
    service.wait_until(lambda: probe.ask("GET", "/-/ready")[0] == 200)
    return url


def load_prometheus(load, url):
    queries = ("up", "sum(rate(process_cpu_seconds_total[1m])) by (job)", "topk(5, go_goroutines)",
               "histogram_quantile(0.9, rate(prometheus_http_request_duration_seconds_bucket[2m]))")

    def query(client, dice):
        at = urllib.parse.urlencode({"query": dice.choice(queries)})
        expect(client.ask("GET", f"/api/v1/query?{at}"), 200)

    def plot(client, dice):
        now = time.time()
        at = urllib.parse.urlencode({"query": dice.choice(queries), "start": now - 300, "end": now,
                                     "step": 5})
        expect(client.ask("GET", f"/api/v1/query_range?{at}"), 200)

    load.run(lambda: Client(url), query, 0.4, 2)
    load.run(lambda: Client(url), plot, 1, 2)


def loud(bundle, begun):
    """{(verdict, id): (minute, finding, its stack)} of all above *hint*, at any minute."""
    of_lines = lines(bundle)
    frames, seen = stacks(of_lines), {}
    for at_s, told in told_along(bundle, 60):
        for finding in told["findings"]:
            stack = frames.get(finding["stack"], [])
            if finding["verdict"] in LOUD:
                seen.setdefault((finding["verdict"], finding["id"]), (at_s / 60, finding, stack))
            for change in finding["history"]:
                if change["verdict"] in LOUD:
                    seen.setdefault((change["verdict"], finding["id"]),
                                    ((unix(change["time"]) - begun) / 60, finding, stack))
    return seen


def explanation(name, verdict, frames):
    for program, said, function, why, where in EXPLAINED:
        if (program, said) == (name, verdict) and any(
                f["function"].endswith("/" + function) for f in frames):
            return f"{function}: {why} ({where})"
    return None


def judge(table, name, bundle, load, begun):
    of_lines = lines(bundle)
    seen = [t for t in ticks(of_lines) if t["status"] == "ok"]
    counts = [t["goroutines"] for t in seen if t["goroutines"] is not None]
    ids = sum(t["source"] == "debug2" for t in seen)
    told = loud(bundle, begun)
    unexplained = []
    for (verdict, _), (minute, finding, frames) in told.items():
        why = explanation(name, verdict, frames)
        if why is None:
            unexplained.append((verdict, minute, finding, frames))
        else:
            print(f"      {name}: {verdict} at {minute:.0f} min, explained: {why}")
    print(f"      {name}: {len(seen)} looks, {ids} with IDs, {min(counts)} to {max(counts)} "
          f"goroutines, {load.answers} answers, {load.errors} errors"
          f"{f', the last: {load.last_error!r}' if load.errors else ''}")
    table.row(f"{name}: at work, answers per second", f"{load.answers_per_s():.1f}",
              f"at least {LEAST_ANSWERS_PER_S}", load.answers_per_s() >= LEAST_ANSWERS_PER_S)
    table.row(f"{name}: goroutines followed, looks", f"{ids} of {len(seen)}", "all but one",
              len(seen) >= 5 and ids >= len(seen) - 1)
    table.row(f"{name}: above hint", str(len(unexplained) or "none"), "none", not unexplained)
    for verdict, minute, finding, frames in unexplained:
        print(f"      {verdict} at {minute:.1f} min, class {finding['class']}, goroutines "
              f"{finding['goroutines']}, rate {finding['rate_per_s']}, waits {finding['waits']}, "
              f"created by {finding.get('created_by')}")
        for frame in frames:
            print(f"          {frame['function']}  {frame['file']}:{frame['line']}")


def binaries_built():
    built = subprocess.run([str(ROOT / "scripts/build-quiet.sh")], stdout=subprocess.PIPE,
                           text=True, check=True)
    return pathlib.Path(built.stdout.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    end_all_at_sigterm()
    binaries = binaries_built()
    kept = pathlib.Path(tempfile.mkdtemp(prefix="parkwatch-quiet-"))
    table, failures, over = Table(), [], threading.Event()
    snapshots = int(options.minutes * 60 / INTERVAL_S) + 1
    with contextlib.ExitStack() as stack:
        loads = {name: Load(over) for name in ("etcd", "kube-apiserver", "prometheus")}
        # Data, keys and logs of the servers go when they have ended.
        folder = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="parkwatch-quiet-servers-")))
        stack.callback(over.set)
        begun = time.time()
        alone = etcd(stack, binaries, folder, "etcd")
        store = etcd(stack, binaries, folder, "store")
        api, client, certificate, token = apiserver(stack, binaries, folder, store)
        watcher = prometheus(stack, folder, [alone, store], api, certificate, token)
        load_etcd(loads["etcd"], alone)
        load_apiserver(loads["kube-apiserver"], client)
        load_prometheus(loads["prometheus"], watcher)
        loads["store"] = loads["kube-apiserver"]
        collections = {name: stack.enter_context(Collection(
            f"{url}/debug/pprof", snapshots, INTERVAL_S, kept / f"{name}.tar",
            "--metrics", f"{url}/metrics", "--budget-share", "2%", "--profiles", "goroutine",
            *flags))
            for name, url, flags in (
                ("etcd", alone, ()), ("store", store, ()), ("prometheus", watcher, ()),
                ("kube-apiserver", api, ("--ca-file", certificate, "--bearer-file", token)))}
        for name, collection in collections.items():
            try:
                bundle = collection.wait(options.minutes * 60 + 300)
                judge(table, name, bundle, loads[name], begun)
            except Exception as failure:  # counted: a check that could not run has failed
                failures.append(f"{name}: {failure!r}")
        over.set()
    print(f"bundles: {kept}")
    return table.end("quiet", failures)


if __name__ == "__main__":
    sys.exit(main())
