#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""When parkwatch finds a leak in a real Go program, how fast it says that it grows, and what else
it says, by rate of the leak and by what it is allowed to see.

    tests/accuracy/rates.py                  45 minutes, a look every 15 s
    tests/accuracy/rates.py --interval 60    45 minutes, a look every minute
    tests/accuracy/rates.py --short          6 minutes: what can be had in that time

All programs run side by side, under a load that goes up and down by half. Prints a table; exits
with 1 when a number is missed.
"""

import argparse
import contextlib
import json
import pathlib
import re
import sys
import tempfile
import threading
import time

from observed import LOUD, QUIET, lines, ticks, told_along, unix
from programs import Collection, Program, ask, end_all_at_sigterm
from table import Table

# What is asked: by mode and leaks per second, at most so many minutes from the leak's start to
# *growing*, *suspect* and *confirmed*; None is not asked. Growing is told of the first minutes of a
# collection only. Counts, and so metrics, end at suspect; what was handed over keeps what it was.
ASKED = {
    ("ids", 0.1): (None, 12, 39), ("ids", 1): (None, 9, 38), ("ids", 10): (None, 9, 16),
    ("handed over", 0.1): (None, 12, None), ("handed over", 1): (None, 9, None),
    ("handed over", 10): (None, 9, None),
    ("counts", 0.1): (None, 38, None), ("counts", 1): (None, 38, None),
    ("counts", 10): (None, 38, None),
    # From the total alone a tenth of a leak per second is found in two runs of three.
    ("metrics", 0.1): (None, None, None), ("metrics", 1): (None, 38, None),
    ("metrics", 10): (None, 38, None),
}
# In six minutes; to be suspect, counts need forty.
ASKED_SHORT = {
    ("ids", 1): (4, 5.7, None), ("ids", 10): (3, 5.7, None),
    ("counts", 1): (4, None, None), ("counts", 10): (3, None, None),
    ("metrics", 1): (None, None, None), ("metrics", 10): (None, None, None),
}
# Metrics have no stacks, and give no finding: suspect is what the target itself is then said to be.
LEAKING = {"leak", "load-driven", "time-driven", "load- or time-driven"}
# And of every program:
#   site       the finding is at the line where the program leaks; of the total where there are no
#              stacks
#   rate       its 95 % interval, wider by RATE_SLACK, holds what leaked in its time
#   held       what was suspect is suspect or confirmed at the end
#   alarms     nothing above *hint* elsewhere, at any minute; in `steady` nowhere; in `backlog`
#              nothing of class leak
RATE_SLACK = 0.10

# leaks a second: (pattern, requests a second)
LEAKS = {0.1: ("cancel", 5), 1: ("send", 10), 10: ("range", 20)}
SWING = ("--swing", "0.5", "--period", "7m")
STOP_OF_TEN = ("--budget-stop", "55ms")  # ten leaks a second pass 25 ms before they are suspect
POOL = 30000  # workers that a program adds, should its own growth not have passed the budget
CROWD = 150  # workers from the start, so that the smallest budget is too small for a dump
HAND_OVER_MIN = 20.0  # when it does

FREE = ("--budget-stop", "10s", "--budget-share", "100%")
MODES = {
    "ids": ("--profiles", "goroutine", *FREE),
    # IDs until the process has grown beyond what a dump may cost.
    "handed over": ("--profiles", "goroutine", "--budget-stop", "25ms", "--budget-share", "100%"),
    # A budget that allows no dump at all.
    "counts": ("--profiles", "goroutine", "--budget-stop", "0.1ms", "--budget-share", "0.0001%"),
    "metrics": ("--profiles", ""),
}


class Times:
    """The minutes of a run."""

    def __init__(self, options):
        self.short = options.short
        self.interval_s = options.interval or (10 if options.short else 15)
        self.minutes = options.minutes or (5.75 if options.short else 45)
        self.leak = 0.05 if options.short else 5.5
        self.snapshots = int(self.minutes * 60 / self.interval_s) + 1
        self.seconds = self.minutes * 60
        self.begun = time.time()
        self.over = threading.Event()

    def wait_until(self, minute):
        """False: the run has ended."""
        return not self.over.wait(max(0, self.begun + minute * 60 - time.time()))


class Run:
    """One program and the collection that watches it."""

    def __init__(self, stack, times, mode, folder, name, *flags):
        self.times, self.mode, self.name, self.rate = times, mode, name, None
        lifetime = f"{times.seconds + 600:.0f}s"
        self.program = stack.enter_context(Program(name, *flags, "--lifetime", lifetime))
        self.file = folder / f"{name}-{mode.replace(' ', '-')}.tar"
        self.stack, self.script, self.failure = stack, None, None

    def who(self):
        return self.name if self.rate is None else f"{self.name} {self.rate}/s"

    def called(self):
        return f"{self.who()}, {self.mode}"

    def begin(self):
        if self.mode == "counts":
            self.grow_pool(CROWD)
        self.collection = self.stack.enter_context(Collection(
            self.program.target, self.times.snapshots, self.times.interval_s, self.file,
            *self.flags(), "--metrics", self.program.pprof + "/metrics"))
        self.script = threading.Thread(target=self.guarded)
        self.script.start()

    def flags(self):
        if self.mode == "handed over" and self.rate == 10:
            return *MODES[self.mode], *STOP_OF_TEN
        return MODES[self.mode]

    def guarded(self):
        try:
            self.direct()
        except Exception as failure:  # counted: a run that could not be had has failed
            self.failure = failure

    def grow_pool(self, workers=POOL):
        ask(self.program.pprof + f"/pool?n={workers}", post=True)

    def keep_facts(self):
        """What is known of this run, beside its bundle."""
        kept = {k: getattr(self, k, None) for k in ("name", "mode", "rate", "started", "site",
                                                    "truths")}
        self.file.with_suffix(".truth.json").write_text(
            json.dumps({"begun": self.times.begun, **kept}), encoding="utf-8")

    def bundle(self):
        bundle = self.collection.wait(self.times.seconds + 600)
        self.script.join()
        if self.failure:
            raise self.failure
        return bundle


class Leaky(Run):
    def __init__(self, stack, times, mode, folder, rate):
        pattern, requests = LEAKS[rate]
        # In the first five minutes of a process nothing counts as a leak.
        age = ("--age", "20m") if times.short else ()
        super().__init__(stack, times, mode, folder, "leaky", "--pattern", pattern,
                         "--probability", rate / requests, *age)
        ask(self.program.pprof + "/leak?on=0", post=True)
        self.rate, self.truths, self.site, self.started = rate, [], None, None
        self.file = folder / f"leaky-{rate}-{mode.replace(' ', '-')}.tar"
        self.program.load("/order", requests, int(times.seconds) + 60, *SWING)

    def direct(self):
        self.look(self.times.leak)
        self.started = time.time()
        ask(self.program.pprof + "/leak?on=1", post=True)
        if self.mode == "handed over":
            self.look(self.times.leak + HAND_OVER_MIN)
            self.grow_pool()
        self.look(self.times.minutes + 60)

    def look(self, until_minute):
        """The truth, every few seconds."""
        while True:
            told = self.program.truth()
            self.truths.append((time.time(), told["leaked"]))
            self.site = told["sites"][0] if told["sites"] else None
            left = self.times.begun + until_minute * 60 - time.time()
            if left <= 0 or self.times.over.wait(min(5, left)):
                return

    def leaked_by(self, when):
        before, after = self.truths[0], self.truths[-1]
        for truth in self.truths:
            if truth[0] <= when:
                before = truth
            elif truth[0] < after[0]:
                after = truth
                break
        if after[0] <= before[0]:
            return before[1]
        share = min(1, max(0, (when - before[0]) / (after[0] - before[0])))
        return before[1] + share * (after[1] - before[1])

    def is_it(self, finding):
        site = finding.get("site")
        if not finding.get("stack"):
            return True
        return bool(site and self.site) and all(
            site[k] == self.site[k] for k in ("function", "line"))


class Steady(Run):
    def __init__(self, stack, times, mode, folder, _=None):
        super().__init__(stack, times, mode, folder, "steady", "--period", "7m")

    def direct(self):
        if self.mode == "handed over" and self.times.wait_until(HAND_OVER_MIN):
            self.grow_pool()

    def is_it(self, _):
        return False


class Backlog(Run):
    """A dependency that is stuck for a while, then slow, then stuck with a crowd that waits."""

    def __init__(self, stack, times, mode, folder, _=None):
        super().__init__(stack, times, mode, folder, "backlog")
        self.program.load("/work", 20, int(times.seconds) + 60, *SWING)

    def direct(self):
        script = ([(1, "stuck"), (3.5, "well")] if self.times.short else
                  [(8, "stuck"), (13, "well"), (18, "slow"), (24, "fast"), (28, "stuck"),
                   (29, "hold"), (38, "well")])
        held = 30000 if self.mode == "handed over" else 6000
        asked = {"stuck": "/dependency?state=stuck", "well": "/dependency?state=well",
                 "slow": "/dependency?latency=3s", "fast": "/dependency?latency=5ms",
                 "hold": f"/hold?n={held}"}
        for minute, what in script:
            if not self.times.wait_until(minute):
                return
            ask(self.program.pprof + asked[what], post=True)

    def is_it(self, finding):
        return finding["class"] != "leak"


def said_to_leak(told):
    return told["targets"][0]["class"] in LEAKING


def false_alarms(run, along):
    """{(verdict, class, place): the first minute} of all that was loud and should not have been."""
    alarms = {}
    for at_s, told in along:
        if not isinstance(run, Leaky) and said_to_leak(told):
            said = told["targets"][0]["class"]
            alarms.setdefault(("said to leak", said, "the target"), at_s / 60)
        for finding in told["findings"]:
            site = finding.get("site") or {"function": "the total", "line": 0}
            place = f"{site['function']}:{site['line']}"
            if finding["verdict"] in LOUD and not run.is_it(finding):
                alarms.setdefault((finding["verdict"], finding["class"], place), at_s / 60)
            # A verdict between two of these moments is in the history.
            for change in finding["history"]:
                if change["verdict"] in LOUD and not run.is_it(finding):
                    alarms.setdefault((change["verdict"], finding["class"], place),
                                      (unix(change["time"]) - run.times.begun) / 60)
    return alarms


def first_of(finding, verdict, since):
    """Minutes from the leak's start to a verdict, or None."""
    when = [unix(c["time"]) for c in finding["history"] if c["verdict"] == verdict]
    return (min(when) - since) / 60 if when else None


def first_growing(run, along):
    for at_s, told in along:
        if any(f["verdict"] == "growing" and run.is_it(f) for f in told["findings"]):
            return at_s / 60 - (run.started - run.times.begun) / 60
    return None


def sources(of_lines):
    return [t["source"] for t in ticks(of_lines) if t["status"] == "ok"]


def mode_is_kept(run, seen):
    """None, or what is wrong with the sources of the observations."""
    share = {name: seen.count(name) / max(1, len(seen)) for name in ("debug2", "debug0", "metrics")}
    wanted = {"ids": "debug2", "counts": "debug0", "metrics": "metrics"}.get(run.mode)
    if wanted:
        return None if share[wanted] > 0.95 else f"sources {share}"
    good = seen[:5].count("debug2") == 5 and share["debug0"] > 0.1
    # A backlog that is over gives the IDs back.
    if run.name != "backlog":
        good = good and seen[-1] == "debug0"
    return None if good else f"not handed over: sources {share}"


def minutes(value):
    return "-" if value is None else f"{value:.1f}"


HEAD = (f"      {'program':<12} {'mode':<12} {'true/s':>7} {'measured/s, 95 %':>23} "
        f"{'growing':>8} {'hint':>6} {'suspect':>8} {'confirmed':>10}  false alarms")


def show(good, run, true, measured, times, alarms, missed):
    told = "; ".join(f"{v} ({c}) {p} at {m:.0f} min" for (v, c, p), m in alarms.items()) or "none"
    true = "-" if true is None else f"{true:.3f}"
    print(f"{'ok  ' if good else 'MISS'}  {run.who():<12} {run.mode:<12} {true:>7} {measured:>23} "
          f"{minutes(times[0]):>8} {minutes(times[1]):>6} {minutes(times[2]):>8} "
          f"{minutes(times[3]):>10}  {told}", flush=True)
    for reason in missed:
        print(f"          {reason}")


def judge_rate(run, finding, of_lines):
    """(truth, measured as text, what is wrong or None)"""
    rate = finding["rate_per_s"]
    if rate.get("value") is None:
        return None, "-", f"no rate: {rate.get('why')}"
    seen = ticks(of_lines)
    window = rate.get("window") or {"start": seen[0]["time"], "end": seen[-1]["time"]}
    start, end = unix(window["start"]), unix(window["end"])
    true = (run.leaked_by(end) - run.leaked_by(start)) / (end - start)
    text = f"{rate['value']:.3f} [{rate['low']:.3f}, {rate['high']:.3f}]"
    holds = rate["low"] * (1 - RATE_SLACK) <= true <= rate["high"] * (1 + RATE_SLACK)
    wrong = f"rate: {true:.3f} from {window['start']} to {window['end']}"
    return true, text, None if holds else wrong


def judge_leaky(run, asked, along, of_lines):
    told = along[-1][1]
    found = [f for f in told["findings"] if run.is_it(f)]
    found.sort(key=lambda f: len(f["history"]), reverse=True)
    times, missed = [first_growing(run, along), None, None, None], []
    true, measured = None, "-"
    if run.mode == "metrics":
        times[2] = next((at_s / 60 - (run.started - run.times.begun) / 60
                         for at_s, told in along if said_to_leak(told)), None)
    if found:
        finding = found[0]
        times[1:] = [first_of(finding, v, run.started) for v in ("hint", "suspect", "confirmed")]
        # Confirmed at once is suspect as well.
        if times[2] is None:
            times[2] = times[3]
    if found and finding["verdict"] not in QUIET:
        true, measured, wrong = judge_rate(run, finding, of_lines)
        missed += [wrong] if wrong else []
        if times[2] is not None and finding["verdict"] not in ("suspect", "confirmed"):
            missed.append(f"not held: {finding['verdict']} at the end")
    for name, limit, time_min in zip(("growing", "suspect", "confirmed"), asked,
                                     (times[0], *times[2:])):
        if limit is not None and (time_min is None or time_min > limit):
            missed.append(f"{name}: {minutes(time_min)} min, asked: {limit}")
    if any(asked) and not found and run.mode != "metrics":
        missed.append("no finding at the site")
    return true, measured, times, missed


def judge(table, run, asked, bundle):
    of_lines = lines(bundle)
    along = list(told_along(bundle, max(60, run.times.seconds / 45)))
    alarms = false_alarms(run, along)
    wrong_mode = mode_is_kept(run, sources(of_lines))
    missed = [wrong_mode] if wrong_mode else []
    true, measured, times = None, "-", (None,) * 4
    if isinstance(run, Leaky):
        true, measured, times, more = judge_leaky(run, asked, along, of_lines)
        missed += more
    good = not missed and not alarms
    with table.lock:
        table.rows.append(run.called())
        table.failed += not good
        show(good, run, true, measured, times, alarms, missed)


def runs_of(options, stack, times, folder):
    asked = ASKED_SHORT if options.short else ASKED
    modes = [m for m in MODES if any(m == mode for mode, _ in asked)]
    wanted = re.compile(options.only)
    for mode in modes:
        for rate in sorted(r for m, r in asked if m == mode):
            if wanted.search(f"leaky {rate}/s, {mode}"):
                yield Leaky(stack, times, mode, folder, rate), asked[mode, rate]
        for kind in (Steady, Backlog):
            if wanted.search(f"{kind.__name__.lower()}, {mode}"):
                yield kind(stack, times, mode, folder), None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--interval", type=float, help="seconds between two looks")
    parser.add_argument("--minutes", type=float, help="length of the run")
    parser.add_argument("--only", default="", metavar="REGEX", help="like 'leaky 1/s, ids'")
    options = parser.parse_args()
    end_all_at_sigterm()
    table, failures = Table(), []
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parkwatch-rates-"))
    with contextlib.ExitStack() as stack:
        times = Times(options)
        stack.callback(times.over.set)
        runs = list(runs_of(options, stack, times, folder))
        time.sleep(5)  # what begins is slow to answer
        times.begun = time.time()
        for run, _ in runs:
            run.begin()
        print(f"rates: {len(runs)} programs, {times.minutes:g} min, a look every "
              f"{times.interval_s:g} s; leaks begin at {times.leak:g} min; minutes are from then\n"
              f"{HEAD}", flush=True)
        for run, asked in runs:
            try:
                run.collection.wait(times.seconds + 600)
            except Exception as failure:
                failures.append(f"{run.called()}: {failure!r}")
        times.over.set()
        for run, asked in runs:
            try:
                run.keep_facts()
                judge(table, run, asked, run.bundle())
            except Exception as failure:
                failures.append(f"{run.called()}: {failure!r}")
    print(f"bundles: {folder}")
    return table.end("rates", failures)


if __name__ == "__main__":
    sys.exit(main())
