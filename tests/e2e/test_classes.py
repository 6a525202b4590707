# SPDX-License-Identifier: Apache-2.0
"""Classes, joined findings and signs, on the real programs."""

import json
import subprocess

import jsonschema
from test_analyze import SCHEMA
from test_collect import Leaky

MANY = ["--snapshots", "14", "--interval", "2s", "--budget-share", "100%"]


def stacks_of(report, finding):
    keys = [finding["stack"]] + [part["stack"] for part in finding["together"]]
    return {report["stacks"][key][0]["function"] for key in keys}


def test_a_forgotten_body_is_one_finding_and_another_leak_another(run, programs):
    """The body leaves both goroutines of its connection; the sender is a mistake of its own."""
    with Leaky(programs, "-pattern", "body,send", "-probability", "0.1", rate=20) as leaky:
        done = run("collect", *MANY, leaky.pprof, timeout=120)
    report = done.findings()
    jsonschema.validate(report, SCHEMA)
    growing = [f for f in report["findings"] if f["verdict"] == "growing"]
    assert len(growing) == 2, done.out.decode()
    body = next(f for f in growing if f["cause"] == "http-body-unclosed")
    assert stacks_of(report, body) == {"net/http.(*persistConn).readLoop",
                                       "net/http.(*persistConn).writeLoop"}
    assert body["parts"] == [part["stack"] for part in body["together"]]
    assert 0.8 < body["together"][0]["ratio"] < 1.25
    sender = next(f for f in growing if f is not body)
    assert sender["site"]["function"] == "main.(*Gateway).slowSource"
    assert sender["together"] == []
    assert all(f["decides"] for f in growing)


def test_a_queue_for_a_lock_is_contention_and_names_its_holder(run, programs):
    """More and more callers of a lock that is held for 30 ms each time."""
    flags = ["-pattern", "", "-contend", "30ms", "-contend-workers", "1", "-block-rate", "1",
             "-mutex-fraction", "1"]
    with Leaky(programs, *flags, rate=1) as leaky:
        callers = subprocess.Popen([programs / "load", "-url", leaky.app + "/contend", "-rate",
                                    "38", "-duration", "60s", "-timeout", "60s"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            done = run("collect", *MANY, leaky.pprof, timeout=120)
        finally:
            callers.kill()
            callers.wait()
    report = done.findings()
    finding = next(f for f in report["findings"] if f["class"] == "contention")
    assert finding["site"]["function"] == "main.(*ledger).post", done
    assert finding["holder"]["function"] == "main.(*ledger).post"
    assert finding["holder"]["line"] > finding["site"]["line"]  # Unlock stands below Lock
    target = report["targets"][0]
    assert target["class"] == "contention"
    assert target["signs"]["mutex_delay"]["state"] == "up", target["signs"]
    assert target["signs"]["heap"]["from"] == "Go heap"
    assert "lock" in target["reading"]


def test_signs_that_are_not_known_say_why(run, programs):
    with Leaky(programs, "-pattern", "", rate=5) as leaky:
        done = run("collect", "--snapshots", "7", "--interval", "0.5s", "--budget-share", "100%",
                   "--profiles", "goroutine", leaky.pprof, timeout=60)
    target = done.findings()["targets"][0]
    for name in ("block_delay", "mutex_delay"):
        assert target["signs"][name]["state"] == "not known"
        assert target["signs"][name]["why"], json.dumps(target["signs"])
    assert target["signs"]["goroutines"]["state"] in ("up", "not up")
    assert "Not known: block delay, mutex delay" in target["reading"]
