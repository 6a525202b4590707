#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Leaked goroutines by ID, dump by dump, against what the program knows of itself: exactly.

    tests/accuracy/exact.py            3 rates, 12 dumps each, 20 s apart: 4 minutes
    tests/accuracy/exact.py --short    10 s apart

Each program rests while a dump is taken, so that dump and truth are of the same moment. Prints a
table; exits with 1 when a number is missed.
"""

import argparse
import concurrent.futures
import contextlib
import pathlib
import sys
import tempfile
import time

from observed import followed, lines, stacks
from programs import Collection, Program, ask, end_all_at_sigterm
from table import Table

RATES = (0.1, 1, 10)  # leaks per second
PATTERNS = {0.1: "cancel", 1: "send", 10: "range"}
DUMPS = 12
REQUESTS_PER_S = 20
# What is asked of each interval between two dumps:
#   new goroutines at the leaking site  ==  goroutines leaked by the program's own count
#   goroutines gone from that site      ==  0
#   growth of the largest ID            within 1 % + 16 a processor of the goroutines started
BIRTHS_SHARE, BIRTHS_PER_PROC = 0.01, 16
MADE_BIRTHS = 20000  # where the runtime does not count: that many, made on purpose


def wait_for(what, seconds, reached):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if reached():
            return
        time.sleep(0.1)
    raise RuntimeError(f"{what}: not within {seconds} s")


def leaked_at_rest(program):
    """The truth once nothing moves any more."""
    last = program.truth()
    for _ in range(20):
        time.sleep(0.25)
        now = program.truth()
        if (now["leaked"], now["requests"]) == (last["leaked"], last["requests"]):
            return now
        last = now
    raise RuntimeError("the program does not come to rest")


def follow(rate, interval_s, folder):
    """(bundle, the truth at each dump) of one program."""
    truths = []
    flags = ("--profiles", "goroutine", "--budget-stop", "10s", "--budget-share", "100%")
    with contextlib.ExitStack() as stack:
        # The load works for less than half of the time: so much more often each request leaks.
        working_s = interval_s * 0.4
        share = rate * interval_s / (REQUESTS_PER_S * working_s)
        requests = REQUESTS_PER_S * max(1, share / 0.8)
        probability = rate * interval_s / (requests * working_s)
        program = stack.enter_context(
            Program("leaky", "--pattern", PATTERNS[rate], "--probability", probability))
        collection = stack.enter_context(Collection(
            program.target, DUMPS, interval_s, folder / f"exact-{rate}.tar", *flags))
        for dump in range(DUMPS):
            before = leaked_at_rest(program)
            if before["dumps"] != dump and dump > 0:
                raise RuntimeError(f"rate {rate}: dump {dump} came too soon for the load")
            wait_for(f"rate {rate}, dump {dump}", interval_s + 10,
                     lambda: program.truth()["dumps"] > dump)
            after = program.truth()
            if after["leaked"] != before["leaked"]:
                raise RuntimeError(f"rate {rate}: it leaked while a dump was taken")
            truths.append(after)
            if dump == DUMPS - 1:
                break
            if after["births"] < 0:
                ask(program.pprof + f"/births?n={MADE_BIRTHS}", post=True)
            program.load("/order", requests, working_s)
            program.loads.pop().wait(timeout=60)
        return collection.wait(60), truths


def site_ids(of_lines, site):
    """[(tick, the IDs at the site)] of each dump."""
    place = (site["function"], site["line"])
    there = {stack for stack, frames in stacks(of_lines).items()
             if any((f["function"], f["line"]) == place for f in frames)}
    return [(tick, set().union(*(ids for stack, ids in now.items() if stack in there)))
            for tick, now in followed(of_lines)]


def judge(table, rate, bundle, truths):
    of_lines = lines(bundle)
    site = truths[-1]["sites"][0]
    dumps = site_ids(of_lines, site)
    table.row(f"{rate} a second: dumps with IDs", str(len(dumps)), str(DUMPS), len(dumps) == DUMPS)
    new, true, gone, off, largest, worst = [], [], 0, 0, 0, (0, 0)
    for (before, ids), (after, later), told, then in zip(dumps, dumps[1:], truths, truths[1:]):
        new.append(len(later - ids))
        gone += len(ids - later)
        true.append(then["leaked"] - told["leaked"])
        births = then["births"] - told["births"] if then["births"] >= 0 else MADE_BIRTHS
        # The first IDs of a batch may be given out late: the running maximum is what grows.
        largest = max(largest, before["max_id"])
        grown = max(largest, after["max_id"]) - largest
        room = BIRTHS_SHARE * births + BIRTHS_PER_PROC * then["procs"]
        bad = abs(grown - births) > room if then["births"] >= 0 else grown < births
        off += bad
        worst = max(worst, (abs(grown - births), births))
        if bad:
            print(f"      {rate} a second: largest ID grew by {grown}, {births} were started")
    wrong = sum(n != t for n, t in zip(new, true))
    print(f"      {rate} a second: new IDs {new}, truth {true}")
    table.row(f"{rate} a second: new IDs at the site", f"{sum(new)}, true {sum(true)}",
              f"equal in each of {len(new)}", wrong == 0 and len(new) >= 10 and sum(true) > 0)
    table.row(f"{rate} a second: intervals that differ", str(wrong), "0", wrong == 0)
    table.row(f"{rate} a second: gone from the site", str(gone), "0", gone == 0)
    table.row(f"{rate} a second: births by the largest ID", f"{len(new) - off} of {len(new)}, worst {worst[0]} of {worst[1]}",
              "1 % + 16 a processor", off == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    end_all_at_sigterm()
    table, failures = Table(), []
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parkwatch-exact-"))
    interval_s = 10 if options.short else 20
    with concurrent.futures.ThreadPoolExecutor(len(RATES)) as beside:
        runs = {rate: beside.submit(follow, rate, interval_s, folder) for rate in RATES}
        for rate, run in runs.items():
            try:
                judge(table, rate, *run.result())
            except Exception as failure:  # counted: a check that could not run has failed
                failures.append(f"{rate} a second: {failure!r}")
    print(f"bundles: {folder}")
    return table.end("exact", failures)


if __name__ == "__main__":
    sys.exit(main())
