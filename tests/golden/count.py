#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what is in the dumps of a folder, by the grammar of Go's text and of profile.proto.

Shares nothing with the readers it is the yardstick for, and knows only what the corpus holds.
Prints a table with one line per file; see tests/golden/README.md for the columns.
"""

import collections
import gzip
import pathlib
import re
import sys

COLUMNS = ("file kind source go_version bytes snapshots goroutines permitted states created_by min_id "
           "max_id frames damaged facts gostackparse notes").split()
HEADER = re.compile(r"goroutine (\d+)( gp=0x[0-9a-f]+ m=\S+(?: mp=0x[0-9a-f]+)?)? \[(.*?)\]( \{.*\})?:$")
POSITION = re.compile(r"\t.+:\d+( \+0x[0-9a-f]+)?( fp=\S+ sp=\S+ pc=\S+)?$")
FLAGS = {" (leaked)": "leaked", " (scan)": "scan", " (durable)": "durable"}
# Names of the runtime that end like a flag.
DURABLE = {"chan receive (durable)", "chan send (durable)", "select (durable)", "sync.WaitGroup.Wait (durable)"}


def read_status(text, facts):
    text, _, labels = text.partition(" labels:{")
    facts["labels"] += bool(labels)
    status, *more = text.split(", ")
    for suffix, name in FLAGS.items():
        if status.endswith(suffix):
            facts[name] += 1
            status = status if status in DURABLE else status[: -len(suffix)]
    for word in more:
        if word.endswith(" minutes"):
            facts["minutes"] += 1
            facts["max_minutes"] = max(facts["max_minutes"], int(word.split()[0]))
        elif word == "locked to thread":
            facts["locked"] += 1
        elif word.startswith("synctest "):
            facts["bubble"] += 1
        else:
            raise ValueError(f"header with {word!r}")
    return status


def read_record(lines, row, facts):
    """Counts the record whose header is lines[0]; gives the number of its lines."""
    number, crash, status, labels = HEADER.match(lines[0]).groups()
    row["ids"].append(int(number))
    row["states"][read_status(status, facts)] += 1
    facts["labels"] += bool(labels)
    facts["crash headers"] += bool(crash)
    frames, at, ancestor = 0, 1, False
    while at < len(lines) and lines[at] and not HEADER.match(lines[at]):
        line = lines[at]
        positioned = at + 1 < len(lines) and POSITION.match(lines[at + 1])
        if line.startswith("\tgoroutine running on other thread"):
            facts["unavailable"] += 1
            frames += 1
        elif line.startswith("[originating from goroutine "):
            facts["ancestors"] += 1
            ancestor = True
        elif line.startswith("...") and line.endswith("frames elided..."):
            facts["elided"] += not ancestor
        elif line.startswith("created by ") and positioned:
            if not ancestor:
                row["created_by"] += 1
                facts["parents"] += " in goroutine " in line
            at += 1
        elif positioned and not ancestor:
            row["frames"] += 1
            frames += 1
            at += 1
        at += 1
    row["damaged"] += frames == 0
    return at


def count_text(text):
    row = {"ids": [], "states": collections.Counter(), "created_by": 0, "frames": 0, "damaged": 0}
    facts = collections.Counter()
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        at += read_record(lines[at:], row, facts) if HEADER.match(lines[at]) else 1
    ids, unique = row["ids"], len(set(row["ids"]))
    states = sorted(row["states"].items(), key=lambda s: (-s[1], s[0]))
    return {
        "snapshots": int(bool(ids)), "goroutines": len(ids),
        "permitted": len(ids) if unique == len(ids) else f"{unique}-{len(ids)}",
        "states": ";".join(f"{name}={n}" for name, n in states) or "-",
        "created_by": row["created_by"], "min_id": min(ids, default="-"), "max_id": max(ids, default="-"),
        "frames": row["frames"], "damaged": row["damaged"],
        "facts": "; ".join(f"{name} {n}" for name, n in facts.items() if n) or "-",
    }


def count_debug1(text):
    total = int(re.match(r"\w+ profile: total (\d+)\n", text).group(1))
    buckets = [int(n) for n in re.findall(r"^(\d+) @", text, re.M)]
    frames = len(re.findall(r"^#\t0x", text, re.M))
    labels = len(re.findall(r"^# labels: ", text, re.M))
    return {
        "snapshots": 1, "goroutines": sum(buckets), "permitted": sum(buckets), "frames": frames,
        "facts": f"total {total}; {len(buckets)} buckets; sum {sum(buckets)}; {labels} labels lines",
    }


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    """The fields of one protobuf message: number and value, an integer or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        yield key >> 3, value


def numbers(value):
    """The numbers of a repeated field: one, or several packed."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        found.append(number)
    return found


def count_proto(data):
    strings, samples, types, period = [], [], [], b""
    for number, value in fields(data):
        if number == 1:
            types.append(dict(fields(value)))
        elif number == 2:
            samples.append(list(fields(value)))
        elif number == 6:
            strings.append(value.decode())
        elif number == 11:
            period = dict(fields(value))
    values = [sum((numbers(v) for n, v in s if n == 2), []) for s in samples]
    sums = [sum(column) for column in zip(*values)]
    labels = sum(any(n == 3 for n, _ in s) for s in samples)
    name = lambda t: f"{strings[t[1]]}/{strings[t[2]]}"
    return {
        "snapshots": 1, "goroutines": sums[0], "permitted": sums[0],
        "frames": sum(len(numbers(v)) for s in samples for n, v in s if n == 1),
        "facts": f"period {name(period).replace('/', ' ')}; {','.join(map(name, types))}; "
                 f"{len(samples)} samples; sums {','.join(map(str, sums))}; {labels} label lines",
    }


def count(path):
    data = path.read_bytes()
    name = path.name
    row = dict.fromkeys(COLUMNS, "-")
    row.update(file=name, source="make-dumps.sh", go_version=re.match(r"go([\d.]+\d)", name).group(1),
               bytes=len(data), damaged=0)
    if name.endswith(".pb.gz"):
        row.update(kind="proto", **count_proto(gzip.decompress(data)))
    elif name.endswith("debug1.txt"):
        text = data.decode()
        row.update(kind="debug1-" + text.split(" ", 1)[0], **count_debug1(text))
    else:
        kind = "debug2" if name.endswith("debug2.txt") else "sigquit" if "quit" in name else "panic"
        row.update(kind=kind, **count_text(data.decode()))
    return row


def main():
    print("\t".join(COLUMNS))
    for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        row = count(path)
        print("\t".join(str(row[c]) for c in COLUMNS))


if __name__ == "__main__":
    main()
