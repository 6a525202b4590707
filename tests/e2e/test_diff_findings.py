# SPDX-License-Identifier: Apache-2.0
"""diff of two recorded half-hours: which leak is fixed, better, worse, new, or as before.

A small process is simulated and written down as parkwatch.observations/1: goroutines get rising
IDs, those that leak stay in their stack for good."""

import datetime
import hashlib
import json
import random
import xml.etree.ElementTree as ElementTree

import pytest

TICK_S = 60
TICKS = 31
BIRTHS_PER_S = 20
START = datetime.datetime(2026, 11, 21, 3, 0, 0, tzinfo=datetime.timezone.utc)

# Leaked goroutines per second, before and after.
RATES = {"fixed": (1, 0), "better": (2, 0.4), "worse": (0.4, 2), "new": (0, 1), "same": (1, 1)}


def frames_of(name):
    return [{"function": f"shop.{name}", "file": f"/src/shop/{name}.go", "line": 7}]


def key_of(frames):
    text = "".join(f"{frame['function']}\n{frame['file'].rpartition('/')[2]}\n{frame['line']}\n"
                   for frame in frames)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def id_list(ids):
    last, parts = 0, []
    for each in sorted(ids):
        parts.append(str(each - last))
        last = each
    return ",".join(parts)


def time_of(seconds):
    time = START + datetime.timedelta(seconds=seconds)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def group(name, wait, ids):
    return {"stack": key_of(frames_of(name)), "waits": {wait: len(ids)}, "count": len(ids),
            "created": f"shop.start_{name}", "ids": id_list(ids)}


def tick(number, living, max_id):
    groups = [group(name, "chan receive" if name == "pool" else "chan send", ids)
              for name, ids in living.items()]
    total = sum(len(ids) for ids in living.values())
    return {"type": "tick", "target": "shop/gateway-7f/app", "process": 1, "seq": number,
            "mono_ms": number * TICK_S * 1000, "time": time_of(number * TICK_S),
            "duration_ms": 5, "source": "debug2", "status": "ok", "goroutines": total,
            "goroutines_from": "dump", "dumped": total, "skipped": 0, "max_id": max_id,
            "stop_ms": None, "requests": 40 * TICK_S * number,
            "requests_from": "http_requests_total", "key": True,
            "groups": sorted(groups, key=lambda group: group["stack"]), "contention": None}


def record(path, side):
    """Half an hour of a process an hour old; `side` 0 is before, 1 after."""
    dice = random.Random(side)
    living = {"pool": list(range(1, 51)), **{name: [] for name in RATES}}
    max_id = 3600 * BIRTHS_PER_S
    lines = [{"type": "header", "schema": "parkwatch.observations/1", "tool": "simulated",
              "clock": {"wall": time_of(0), "mono_ms": 0}},
             {"type": "process", "target": "shop/gateway-7f/app", "process": 1,
              "workload": "shop/Deployment/gateway", "start": START.timestamp() - 3600,
              "gomaxprocs": 4}]
    lines += [{"type": "stack", "stack": key_of(frames_of(name)), "frames": frames_of(name),
               "truncated": False} for name in living]
    for number in range(TICKS):
        if number > 0:
            born = {name: sum(dice.random() < rates[side] / BIRTHS_PER_S
                              for _ in range(BIRTHS_PER_S * TICK_S))
                    for name, rates in RATES.items()}
            ids = dice.sample(range(max_id + 1, max_id + BIRTHS_PER_S * TICK_S + 1),
                              sum(born.values()))
            for name, count in born.items():
                living[name] += [ids.pop() for _ in range(count)]
            max_id += BIRTHS_PER_S * TICK_S
        lines.append(tick(number, living, max_id))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def recorded(tmp_path):
    return [record(tmp_path / name, side)
            for side, name in enumerate(("before.jsonl", "after.jsonl"))]


def test_each_finding_has_its_change(run, recorded):
    done = run("diff", "--format", "json", *recorded)
    assert done.status == 0, done
    changes = {}
    for finding in json.loads(done.out)["findings"]:
        name = finding["site"]["function"].rpartition(".")[2]
        changes[name] = finding["change"]
    assert changes == {name: name for name in RATES}


def test_the_text_gives_both_rates_and_the_worst_comes_first(run, recorded):
    lines = run("diff", *recorded).out.decode().splitlines()
    places = [next(i for i, line in enumerate(lines) if f"shop.{name} " in line)
              for name in ("new", "worse", "same", "better", "fixed")]
    assert places == sorted(places), "\n".join(lines)


def test_the_rates_found_are_the_ones_that_were_made(run, recorded):
    for side, path in enumerate(recorded):
        report = json.loads(run("analyze", "--format", "json", path).out)
        assert report["targets"][0]["qps"]["source"] == "http_requests_total"
        rates = {finding["site"]["function"].rpartition(".")[2]: finding["rate_per_s"]
                 for finding in report["findings"]}
        assert sorted(rates) == sorted(name for name in RATES if RATES[name][side] > 0)
        for name, rate in rates.items():
            assert rate["low"] <= RATES[name][side] <= rate["high"], (name, rate)


def test_junit_fails_what_is_new_or_worse(run, recorded):
    done = run("diff", "--format", "junit", *recorded)
    failed = [case.get("name").split()[0] for case in
              ElementTree.fromstring(done.out).iter("testcase") if case.find("failure") is not None]
    assert failed == ["shop.new", "shop.worse"]
