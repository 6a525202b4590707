# SPDX-License-Identifier: Apache-2.0
"""The days behind docs/accuracy.md are judged by the judge linked into tests/accuracy/simulate. Written
out and given to the real binary, they get the same verdicts at the same times, and the same rates."""

import datetime
import json
import math
import subprocess

import pytest

from conftest import BUILD

SIMULATE = BUILD / "tests" / "accuracy" / "simulate"
BEGIN = datetime.datetime(2025, 11, 21, 3, tzinfo=datetime.timezone.utc)
LEAK_FROM_MIN = 180  # and up to a minute later, as drawn
LEAK_SITE = "main.(*Gateway).fanout.func1"
VERDICTS = ("hint", "suspect", "confirmed")
NONE = dict.fromkeys(VERDICTS, math.nan)

DAYS = {
    "steady": ["--hours", "12"],
    "leak of 1/s": ["--leak", "time"],
    "leak of 1/s, restarts": ["--scenario", "restarts", "--leak", "time"],
    "hand-over to counts": ["--leak", "time", "--source", "handover"],
    "counts only": ["--leak", "time", "--source", "counts"],
    "metrics only": ["--leak", "time", "--source", "metrics", "--tells-load"],
    "two processes behind one address": ["--leak", "time", "--mishap", "two-processes"],
    "third look missing": ["--leak", "time", "--mishap", "third-missing"],
    "pool step": ["--scenario", "pool-step", "--hours", "12"],
}


def simulated(arguments):
    """What the simulation's own line says: minutes of each verdict at the leak's site and elsewhere, rate."""
    line = subprocess.check_output([SIMULATE, "--hours", "4.2", *arguments], text=True).split("\t")
    right, wrong = (dict(zip(VERDICTS, map(float, line[at:at + 3]))) for at in (6, 9))
    return right, wrong, [float(cell) for cell in line[13:16]]


def minutes(time):
    return (datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) - BEGIN).total_seconds() / 60


def judged(binary, path, has_leak):
    """The same of the real binary, in minutes of the day."""
    done = subprocess.run([binary, "analyze", "--format", "json", "--interval", "60s", path], capture_output=True,
                          check=True)
    right, wrong, rate = dict(NONE), dict(NONE), [math.nan] * 3
    for finding in json.loads(done.stdout)["findings"]:
        is_leak = has_leak and (not finding["site"] or finding["site"]["function"] == LEAK_SITE)
        told = right if is_leak else wrong
        for entry in finding["history"]:
            at = minutes(entry["time"])
            if entry["verdict"] in VERDICTS and not (is_leak and at < LEAK_FROM_MIN):
                told[entry["verdict"]] = min(at, told[entry["verdict"]], key=lambda m: (math.isnan(m), m))
        known = finding["rate_per_s"]
        if is_leak and math.isnan(rate[0]) and known["value"] is not None:
            rate = [known[key] for key in ("value", "low", "high")]
    return right, wrong, rate


def same_rate(one, other):
    return all(f"{a:g}" == f"{b:g}" for a, b in zip(one, other))


@pytest.mark.parametrize("name", DAYS)
@pytest.mark.parametrize("seed", [1, 9001])
def test_the_binary_says_of_a_simulated_day_what_the_table_counts(binary, tmp_path, name, seed):
    arguments, path = [*DAYS[name], "--seed", str(seed)], tmp_path / "observations.jsonl"
    has_leak = "--leak" in arguments
    told, said = simulated([*arguments, "--write", path]), judged(binary, path, has_leak)
    assert same_rate(told[2], said[2])
    begins = set()
    for ours, theirs in zip(told[:2], said[:2]):
        for verdict in VERDICTS:
            assert math.isnan(ours[verdict]) == math.isnan(theirs[verdict]), (verdict, told, said)
            if not math.isnan(ours[verdict]):
                begins.add(theirs[verdict] - ours[verdict])
    if has_leak:
        assert begins and LEAK_FROM_MIN <= min(begins) < LEAK_FROM_MIN + 1.01, (told, said)
        assert not math.isnan(told[0]["suspect"])  # else this holds little
    else:
        assert all(abs(begin) < 0.01 for begin in begins), (told, said)
    # One moment of the leak's start explains all of them: minutes are printed with two digits.
    assert not begins or max(begins) - min(begins) < 0.011, (told, said)


def test_writing_a_day_changes_nothing_in_what_is_said_of_it(tmp_path):
    arguments = ["--leak", "time", "--source", "handover", "--hours", "4.2"]
    lines = [subprocess.check_output([SIMULATE, *arguments, *more])
             for more in ([], ["--write", tmp_path / "observations.jsonl"])]
    assert lines[0] == lines[1]
