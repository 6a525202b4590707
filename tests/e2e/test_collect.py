# SPDX-License-Identifier: Apache-2.0
"""`parkwatch collect` end to end: what is asked, what is written, how it ends."""

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import pty
import re
import select
import signal
import ssl
import subprocess
import time
import urllib.request

import pytest

from hostile import server as hostile
from hostile.pprof import Program
from hostile.server import Server

# On a busy machine an answer from Python takes long enough to look like a costly dump.
ANY_COST = ["--budget-share", "100%"]
QUICK = ["--snapshots", "2", "--interval", "0.2s", *ANY_COST]


@contextlib.contextmanager
def started(binary, *arguments, **options):
    """A collection under way, that is ended when the test is over."""
    process = subprocess.Popen([binary, *map(str, arguments)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_a_bundle_holds_what_was_asked_for(run):
    with Server() as target:
        done = run("collect", *QUICK, target.url)
        assert done.status == 0, done
        members = done.members()
        names = list(members)
        assert names[0] == "manifest.json" and names[-1] == "SHA256SUMS"
        for name in ("report.html", "report.txt", "findings.json", "observations.jsonl.gz",
                     "errors.jsonl"):
            assert name in names
        folder = "targets/_/" + target.name.replace(":", "-") + "/_/"
        kinds = sorted(name.split("/")[-1] for name in names if name.startswith(folder))
        assert kinds == sorted(2 * ["metrics.txt.gz", "goroutine.txt.gz", "block.pb.gz",
                                    "mutex.pb.gz"])
        assert members["errors.jsonl"] == b""
        done.check_sums()
        dump = next(name for name in names if name.endswith("goroutine.txt.gz"))
        assert b"main.leak(...)" in gzip.decompress(members[dump])


def test_each_round_asks_one_question_at_a_time_cheapest_first(run):
    with Server() as target:
        run("collect", "--snapshots", "1", target.url)
        assert target.asked == ["/metrics", "/debug/pprof/", "/debug/pprof/goroutine?debug=2",
                                "/debug/pprof/block?debug=0", "/debug/pprof/mutex?debug=0"]
        assert target.most_open == 1


def test_observations_tell_who_what_and_when(run):
    with Server(Program(leaked=5, per_round=3)) as target:
        done = run("collect", "--snapshots", "3", "--interval", "0.3s", *ANY_COST, target.url)
        process = done.lines("process")[0]
        assert process["target"] == target.name and process["process"] == 1
        assert abs(process["start"] - target.program.start) < 1
        ticks = done.lines("tick")
        assert [tick["seq"] for tick in ticks] == [0, 1, 2]
        assert [tick["dumped"] for tick in ticks] == [7, 10, 13]
        assert [tick["requests"] for tick in ticks] == [1050, 1100, 1150]
        assert all(tick["source"] == "debug2" and tick["status"] == "ok" for tick in ticks)
        apart = [b["mono_ms"] - a["mono_ms"] for a, b in zip(ticks, ticks[1:])]
        assert all(gap > 150 for gap in apart)  # 0.3 s apart, less what the first byte may wait
        assert all(tick["stop_ms"]["method"] == "ttfb" for tick in ticks)
        assert ticks[0]["contention"][0]["count"] > 0


def test_analyze_gives_the_findings_of_the_bundle_number_for_number(run):
    with Server(Program(leaked=200, per_round=20)) as target:
        done = run("collect", "--snapshots", "4", "--interval", "0.3s", target.url)
    again = run("analyze", "--format", "json", done.path)
    assert again.status == 0, again
    assert json.loads(again.out) == done.findings()


def test_verify_accepts_the_bundle(run):
    with Server() as target:
        done = run("collect", *QUICK, target.url)
    assert run("verify", done.path).status == 0


def test_standard_tools_read_the_bundle(run, tmp_path):
    with Server() as target:
        done = run("collect", *QUICK, target.url)
    subprocess.run(["tar", "xf", done.path, "-C", tmp_path], check=True)
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)
    metrics = next(tmp_path.glob("targets/*/*/*/*/metrics.txt.gz"))
    assert b"go_goroutines" in subprocess.run(["zcat", metrics], check=True,
                                              capture_output=True).stdout


def test_without_metrics_the_collection_is_complete_all_the_same(run):
    with Server(Program(metrics=False)) as target:
        done = run("collect", *QUICK, target.url)
        assert done.status == 0, done
        assert target.asked.count("/metrics") == 1, "asked once, then known to be absent"


def test_metrics_that_were_asked_for_and_are_missing_are_told(run):
    with Server(Program(metrics=False)) as target:
        done = run("collect", *QUICK, "--metrics", target.url + "/metrics", target.url)
        assert done.status == 2
        assert {error["reason"] for error in done.errors()} == {"not_found"}
        assert all(tick["dumped"] for tick in done.lines("tick"))


def test_profiles_are_those_that_were_asked_for(run):
    with Server() as target:
        done = run("collect", "--snapshots", "1", "--profiles", "goroutine", target.url)
        assert done.status == 0
        assert not any("block" in path for path in target.asked)
        assert done.lines("tick")[0]["contention"] is None


def test_a_leak_profile_that_the_program_lacks_is_told_without_asking(run):
    with Server() as target:
        done = run("collect", "--snapshots", "1", "--profiles", "goroutine,goroutineleak", target.url)
        assert done.status == 2
        assert [error["artifact"] for error in done.errors()] == ["goroutineleak"]
        assert not any("goroutineleak" in path for path in target.asked)


def test_the_proof_of_the_runtime_is_an_observation_of_its_own(run):
    with Server(Program(leak_profile=True, per_round=0)) as target:
        done = run("collect", "--snapshots", "1", "--profiles", "goroutine,goroutineleak", target.url)
        assert done.status == 0, done
        full, proved = done.lines("tick")
        assert (full["source"], full["dumped"]) == ("debug2", 7)
        assert (proved["source"], proved["dumped"]) == ("leak", 5)
        assert any(name.endswith("goroutineleak.pb.gz") for name in done.members())


def test_many_goroutines_mean_counts_and_the_reason_is_said(run):
    with Server(Program(leaked=60_000)) as target:
        done = run("collect", *QUICK, target.url)
        assert done.status == 0, done
        assert not any("debug=2" in path for path in target.asked)
        assert "--deep" in done.err
        tick = done.lines("tick")[0]
        assert tick["source"] == "debug0"
        assert tick["groups"][0]["count"] == 60_000


def test_without_goroutine_profiles_no_dump_is_reckoned_with(run):
    with Server(Program(leaked=60_000)) as target:
        begun = time.monotonic()
        done = run("collect", "--profiles", "", "--metrics", target.url + "/metrics",
                   "--snapshots", "4", "--interval", "0.2s", "--budget-share", "0.1%",
                   "--budget-stop", "10s", target.url)
        assert done.status == 0, done
        assert time.monotonic() - begun < 10, "the interval was stretched"
        assert "stretched" not in done.err and "dump" not in done.err
        assert [tick["source"] for tick in done.lines("tick")] == 4 * ["metrics"]
        assert all(tick["goroutines"] > 60_000 for tick in done.lines("tick"))


def test_a_slow_way_to_the_target_is_not_taken_for_stops(run):
    """As through a port-forward: every answer takes 80 ms, and none of it is a stop."""
    def slowly(path):
        def answer(connection, server):
            time.sleep(0.08)
            query = server.asked[-1].partition("?")[2]
            connection.sendall(hostile.good(b"200 OK", server.program.answer(path, query)))
        return answer

    paths = ["/metrics", *("/debug/pprof/" + name for name in ("", "goroutine", "block", "mutex"))]
    with Server(hostile={path: slowly(path) for path in paths}) as target:
        done = run("collect", "--snapshots", "3", "--interval", "0.3s", target.url)
        ticks = done.lines("tick")
        assert [tick["source"] for tick in ticks] == 3 * ["debug2"]
        assert all(tick["stop_ms"]["sum"] < 60 for tick in ticks)


def test_deep_asks_for_one_dump_above_the_budget(run):
    with Server(Program(leaked=60_000)) as target:
        done = run("collect", "--deep", *QUICK, target.url)
        assert done.status == 0, done
        assert sum("debug=2" in path for path in target.asked) == 1
        assert done.lines("tick")[0]["source"] == "debug2"


def test_a_dump_that_broke_is_not_asked_for_again(run):
    with Server(hostile={}) as target:
        def dump(connection, server):
            if "debug=2" in server.asked[-1]:
                return hostile.reset(connection, server)
            return connection.sendall(hostile.good(b"200 OK", server.program.counts()))
        target.hostile["/debug/pprof/goroutine"] = dump
        done = run("collect", "--snapshots", "3", "--interval", "0.2s", target.url)
        assert done.status == 2
        assert sum("debug=2" in path for path in target.asked) == 1
        assert [tick["source"] for tick in done.lines("tick")] == 3 * ["debug0"]


def test_a_busy_target_is_left_alone_as_long_as_it_asks(run):
    def busy(connection, _server):
        connection.sendall(hostile.good(b"503 Busy", b"later\n", b"Retry-After: 1\r\n"))

    with Server(hostile={"/debug/pprof/goroutine": busy}) as target:
        done = run("collect", *QUICK, target.url)
        assert done.status == 2, done
        assert [error["reason"] for error in done.errors()] == ["busy", "busy"]
        assert not any("block" in path for path in target.asked)
        first, second = done.lines("tick")
        assert second["mono_ms"] - first["mono_ms"] > 900


def test_values_are_redacted_before_they_reach_the_disk(run):
    with Server(Program(label='"user_mail":"anna@example.org", "tenant":"t1"')) as target:
        done = run("collect", *QUICK, target.url)
        everything = b"".join(gzip.decompress(body) if name.endswith("gz") else body
                              for name, body in done.members().items() if ".pb" not in name)
        assert b"anna@example.org" not in everything
        assert b"0xc000012345" not in everything
        assert b"tenant" in everything


def test_the_bundle_goes_to_standard_output_as_one_stream(run, tmp_path):
    with Server() as target:
        done = run("collect", *QUICK, "-o", "-", target.url)
        assert done.status == 0, done
        assert hashlib.sha256(done.out).hexdigest() in done.err
        assert str(len(done.out)) in done.err
        done.check_sums()
        assert not list(tmp_path.iterdir())


def test_a_closed_pipe_is_told(binary, tmp_path):
    reading, writing = os.pipe()
    with Server() as target:
        process = subprocess.Popen([binary, "collect", *QUICK, "-o", "-", target.url],
                                   stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path)
        os.close(writing)
        os.close(reading)
        _, err = process.communicate(timeout=30)
    assert process.returncode not in (0, 2)
    assert b"closed" in err, err
    assert not list(tmp_path.iterdir())


def test_a_terminal_gets_no_bundle(binary, tmp_path):
    master, slave = pty.openpty()
    with Server() as target:
        process = subprocess.Popen([binary, "collect", *QUICK, "-o", "-", target.url],
                                   stdout=slave, stderr=subprocess.PIPE, cwd=tmp_path)
        os.close(slave)
        _, err = process.communicate(timeout=30)
        assert not target.asked
    os.close(master)
    assert process.returncode == 1
    assert b"terminal" in err


def test_a_terminal_sees_progress_and_a_pipe_does_not(binary, tmp_path, run):
    master, slave = pty.openpty()
    with Server() as target:
        piped = run("collect", *QUICK, target.url)
        assert "snapshot 1 of" not in piped.err
        process = subprocess.Popen([binary, "collect", "--snapshots", "3", "--interval", "0.4s",
                                    "-o", tmp_path / "p.tar", target.url],
                                   stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        seen = b""
        with contextlib.suppress(OSError):
            while piece := os.read(master, 4096):
                seen += piece
        assert process.wait(timeout=30) == 0
    os.close(master)
    assert re.search(rb"snapshot \d of 3", seen), seen


def test_names_say_what_and_when(binary, tmp_path):
    with Server() as target, Server() as other:
        subprocess.run([binary, "collect", "--snapshots", "1", target.url], cwd=tmp_path, check=True,
                       capture_output=True)
        subprocess.run([binary, "collect", "--snapshots", "1", "-o", ".", target.url, other.url],
                       cwd=tmp_path, check=True, capture_output=True)
        names = sorted(path.name for path in tmp_path.iterdir())
        assert re.fullmatch(r"parkwatch-127\.0\.0\.1-%d-\d{8}T\d{6}Z\.tar" % target.port, names[0])
        assert re.fullmatch(r"parkwatch-2-targets-\d{8}T\d{6}Z\.tar", names[1])
        assert (tmp_path / names[0]).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_keeps_what_is_complete(binary, tmp_path, run, number):
    with Server() as target:
        with started(binary, "collect", "--snapshots", "50", "--interval", "0.3s", "-o",
                     tmp_path / "s.tar", target.url) as process:
            wait_for(lambda: sum("debug=2" in path for path in target.asked) >= 3)
            process.send_signal(number)
            process.communicate(timeout=10)
        assert process.returncode == 128 + number
    done = run("verify", tmp_path / "s.tar")
    assert done.status == 0, done
    done.path = tmp_path / "s.tar"
    assert len(done.lines("tick")) >= 2
    assert done.errors()[-1]["reason"] == "cancelled"
    assert [path.name for path in tmp_path.iterdir()] == ["s.tar"]


def test_a_signal_does_not_wait_for_a_silent_target(binary, tmp_path):
    with Server(hostile={"*": hostile.silent}) as target:
        with started(binary, "collect", "-o", tmp_path / "s.tar", target.url) as process:
            wait_for(lambda: target.asked)
            at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)
            assert time.monotonic() - at < 2
        assert process.returncode == 128 + signal.SIGTERM


def test_a_second_signal_ends_it_at_once(binary, tmp_path):
    """The first one lets it write the bundle, here into a pipe that nobody empties."""
    with Server(Program(leaked=3000, label='"tenant":"t"')) as target:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        process = subprocess.Popen([binary, "collect", "--snapshots", "50", "--interval", "5s",
                                    "-o", "-", target.url], stdout=writing,
                                   stderr=subprocess.PIPE, cwd=tmp_path)
        os.close(writing)
        wait_for(lambda: "/debug/pprof/mutex?debug=0" in target.asked)
        process.send_signal(signal.SIGINT)
        wait_for(lambda: select.select([reading], [], [], 0)[0])
        assert process.poll() is None, "it waits for the reader"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == -signal.SIGINT
        process.stderr.close()
        os.close(reading)


def test_kill_leaves_nothing_under_the_final_name(binary, tmp_path):
    with Server() as target:
        with started(binary, "collect", "--snapshots", "50", "--interval", "0.2s", "-o",
                     tmp_path / "k.tar", target.url) as process:
            wait_for(lambda: len(target.asked) > 8)
            process.kill()
            process.communicate(timeout=10)
    assert not (tmp_path / "k.tar").exists()


def test_the_timeout_of_the_collection_keeps_what_is_complete(run):
    def slow_at_last(connection, server):
        if server.asked.count("/metrics") == 2:
            server.stopping.wait(60)
        connection.sendall(hostile.good(b"200 OK", server.program.metrics()))

    with Server(hostile={"/metrics": slow_at_last}) as target:
        done = run("collect", *QUICK, "--timeout", "1.5s", target.url)
        assert done.status == 2, done
        assert 1 < done.seconds < 5
        assert len(done.lines("tick")) == 1
        assert "timeout_collection" in [error["reason"] for error in done.errors()]


def test_usage_errors_say_what_to_do(run):
    for arguments, says in [([], "no target"), (["pod/gateway"], "port-forward"),
                            (["-n", "shop", "-l", "app=x"], "port-forward"),
                            (["ftp://host"], "http"), (["http://a:b@host"], "--bearer-file")]:
        done = run("collect", *arguments)
        assert done.status == 1, (arguments, done)
        assert says in done.err, done
        assert done.path is None


def test_a_folder_that_does_not_exist_is_told_before_anything_is_asked(run):
    with Server() as target:
        done = run("collect", "-o", "/nonexistent/x.tar", target.url)
        assert done.status == 1
        assert "/nonexistent" in done.err
        assert not target.asked


def test_the_same_target_named_twice_is_asked_once(run):
    with Server() as target:
        done = run("collect", "--snapshots", "1", target.url, target.url + "/debug/pprof/")
        assert done.status == 0
        assert len(target.asked) == 5


def test_targets_can_come_from_the_settings(run, tmp_path):
    with Server() as target:
        config = tmp_path / "parkwatch.yaml"
        config.write_text(f'targets:\n  - {{url: "{target.url}", name: gateway}}\n')
        done = run("collect", "--config", config, "--snapshots", "1")
        assert done.status == 0, done
        assert done.lines("tick")[0]["target"] == "gateway"


def test_a_bearer_token_goes_to_the_target_and_nowhere_else(run, tmp_path):
    token = tmp_path / "token"
    token.write_text("s3cret-t0ken\n")
    heads = []

    def remember(connection, _server):
        connection.sendall(hostile.good(b"401 Unauthorized", b""))

    with Server(hostile={"*": remember}) as target:
        original = target.serve_one

        def serve_one(connection, reader):
            line = reader.readline()
            head = [line]
            while (header := reader.readline()) not in (b"\r\n", b""):
                head.append(header)
            heads.append(b"".join(head))
            if line:
                remember(connection, target)
            return False

        target.serve_one = serve_one
        done = run("collect", "--snapshots", "1", "--bearer-file", token, target.url)
        assert original and any(b"Authorization: Bearer s3cret-t0ken\r\n" in head for head in heads)
    everything = b"".join(gzip.decompress(body) if name.endswith("gz") else body
                          for name, body in done.members().items()) + done.out + done.err.encode()
    assert b"s3cret" not in everything


def test_certificates_are_checked(run, tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with Server(tls=context) as target:
        unknown = run("collect", "--snapshots", "1", target.url)
        assert unknown.status == 3
        assert unknown.errors()[0]["reason"] == "tls"
        assert "/debug/pprof/" not in target.asked
        known = run("collect", "--snapshots", "1", "--ca-file", cert, target.url)
        assert known.status == 0, known


def test_two_hundred_targets_cost_little_more_than_one(run):
    """A ratio, for machines differ: side by side they must not cost what they cost in a row."""
    def slowly(path):
        def answer(connection, server):
            time.sleep(0.05)
            connection.sendall(hostile.good(b"200 OK", server.program.answer(path, "debug=2")))
        return answer

    paths = ["/metrics", "/debug/pprof/", "/debug/pprof/goroutine", "/debug/pprof/block",
             "/debug/pprof/mutex"]
    with contextlib.ExitStack() as stack:
        targets = [stack.enter_context(Server(hostile={path: slowly(path) for path in paths}))
                   for _ in range(200)]
        one = run("collect", "--snapshots", "1", targets[0].url)
        assert one.status == 0, one
        many = run("collect", "--snapshots", "1", *[target.url for target in targets], timeout=120)
        assert many.status == 0, many
        assert len(many.lines("tick")) == 200
        assert many.seconds < 40 * max(one.seconds, 0.25)


@pytest.mark.parametrize("fail_on, status", [("stuck", 4), ("confirmed", 0), ("none", 0)])
def test_fail_on_makes_findings_an_exit_status(run, fail_on, status):
    with Server(Program(leaked=300, per_round=0)) as target:
        done = run("collect", *QUICK, "--fail-on", fail_on, target.url)
        assert done.status == status, done
        assert done.findings()["findings"][0]["verdict"] == "stuck"


class Leaky:
    """The real program with one leak, under load."""

    def __init__(self, programs, *flags, rate=60):
        self.process = subprocess.Popen([programs / "leaky", *flags], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        addresses = json.loads(self.process.stdout.readline())
        self.app, self.pprof = addresses["app"], addresses["pprof"]
        self.load = subprocess.Popen([programs / "load", "-url", self.app + "/order", "-rate",
                                      str(rate), "-duration", "2m"], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.load, self.process):
            process.kill()
            process.wait()
        self.process.stdout.close()

    def truth(self):
        with urllib.request.urlopen(self.pprof + "/truth", timeout=10) as answer:
            return json.load(answer)


def test_the_leak_of_a_real_program_is_found_with_its_line_and_rate(run, programs):
    with Leaky(programs, "-pattern", "send", "-probability", "0.2") as leaky:
        before = leaky.truth()
        done = run("collect", "--snapshots", "8", "--interval", "2s", leaky.pprof, timeout=90)
        after = leaky.truth()
    assert done.status == 0, done
    finding = done.findings()["findings"][0]
    site = after["sites"][0]
    assert finding["verdict"] == "growing", finding
    assert finding["site"]["function"] == site["function"]
    assert finding["site"]["file"].endswith(site["file"])
    assert finding["site"]["line"] == site["line"]
    rate = (after["leaked"] - before["leaked"]) / (after["seconds"] - before["seconds"])
    # The interval holds it in 95 of 100 runs; a test asks for what holds in all but a few thousand.
    low, high = finding["rate_per_s"]["low"], finding["rate_per_s"]["high"]
    assert low / 1.5 < rate < high * 1.5, (low, rate, high)
    assert site["function"] in done.out.decode()
    again = run("analyze", "--format", "json", done.path)
    assert json.loads(again.out) == done.findings()


class Restarting(Program):
    """Each dump is its last deed: another process answers from then on."""

    def dump(self):
        text = super().dump()
        self.restart()
        return text


def test_a_restart_soon_after_a_dump_gets_counts_for_a_while_and_it_is_said(run):
    with Server(Restarting()) as target:
        done = run("collect", *QUICK, target.url)
        sources = [tick["source"] for tick in done.lines("tick")]
        assert sources[0] == "debug2" and set(sources[1:]) == {"debug0"}, sources
        assert done.err.count("restarted within a minute of a dump") == 1, done
        assert "restarted" in done.manifest()["targets"][0]["note"]


def test_a_restart_of_a_real_program_is_another_process(run, programs, binary, tmp_path):
    """The same address, another process: its counters and IDs begin again."""
    flags = ["-probability", "0.5", "-block-rate", "1000"]
    with Leaky(programs, *flags) as leaky:
        port = leaky.pprof.rsplit(":", 1)[1]
        with started(binary, "collect", "--snapshots", "8", "--interval", "1s", *ANY_COST,
                     "-o", tmp_path / "r.tar", leaky.pprof) as process:
            time.sleep(3)
            leaky.process.kill()
            leaky.process.wait()
            with Leaky(programs, *flags, "-listen-pprof", "127.0.0.1:" + port):
                _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 2), err
    done = run("verify", tmp_path / "r.tar")
    done.path = tmp_path / "r.tar"
    numbers = [tick["process"] for tick in done.lines("tick") if tick["status"] != "failed"]
    assert set(numbers) == {1, 2} and numbers == sorted(numbers), numbers
    assert done.manifest()["targets"][0]["processes"] == 2
