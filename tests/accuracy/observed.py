# SPDX-License-Identifier: Apache-2.0
"""observations.jsonl of a bundle, read without parkwatch's help, and what parkwatch would have said
at each moment of it."""

import datetime
import gzip
import json
import pathlib
import tarfile

from programs import analyze

# Verdicts that call nobody, and those that do.
QUIET = {"none", "undecidable", "hint", "cleared"}
LOUD = {"growing", "stuck", "suspect", "confirmed"}


def lines(bundle):
    """The lines of a bundle's observations."""
    with tarfile.open(bundle) as tar:
        member = tar.extractfile("observations.jsonl.gz")
        return gzip.decompress(member.read()).decode().splitlines()


def ticks(of_lines):
    return [t for t in map(json.loads, of_lines) if t["type"] == "tick"]


def unix(text):
    """Seconds of a time as parkwatch writes it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def id_list(text):
    """The set of IDs of a list in docs/observations.md: `17,1041+2,5`."""
    ids, last = set(), 0
    for item in filter(None, text.split(",")):
        step, _, more = item.partition("+")
        last += int(step)
        ids.add(last)
        for _ in range(int(more or 0)):
            last += 1
            ids.add(last)
    return ids


def followed(of_lines):
    """(tick, {stack: its IDs}) of each tick with IDs, of the one process that was observed."""
    now = {}
    for tick in ticks(of_lines):
        if tick["key"] is None:
            continue
        if tick["key"]:
            now = {g["stack"]: id_list(g["ids"]) for g in tick["groups"]}
        else:
            for group in tick["groups"]:
                ids = now.get(group["stack"], set()) - id_list(group["gone"])
                now[group["stack"]] = ids | id_list(group["born"])
        for group in tick["groups"]:
            if len(now[group["stack"]]) != group["count"]:
                raise RuntimeError(f"tick {tick['seq']}: {group['count']} goroutines in stack "
                                   f"{group['stack']}, and {len(now[group['stack']])} IDs")
        now = {stack: ids for stack, ids in now.items() if ids}
        yield tick, dict(now)


def stacks(of_lines):
    """{stack: its frames}"""
    return {s["stack"]: s["frames"] for s in map(json.loads, of_lines) if s["type"] == "stack"}


def told_along(bundle, step_s):
    """(seconds since the first tick, findings.json) every `step_s`, as if the collection had ended
    there, and at its end."""
    prefix = pathlib.Path(bundle).with_suffix(".prefix.jsonl")
    kept, first, due = [], None, step_s
    for line in lines(bundle):
        kept.append(line)
        tick = json.loads(line)
        if tick["type"] != "tick":
            continue
        at = unix(tick["time"])
        first = at if first is None else first
        if at - first < due:
            continue
        due += step_s
        prefix.write_text("\n".join(kept) + "\n", encoding="utf-8")
        yield at - first, analyze(prefix)
    prefix.unlink(missing_ok=True)
    yield at - first, analyze(bundle)
