#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare what the readers find in a folder of real dumps with counts made by other means.

    check.py FOLDER --facts BUILD/tests/dumps/dump-facts

FOLDER holds files/ and expected.tsv (its README has the columns). Prints a line for each row that
differs, and exits with 1 if there is any.
"""
import argparse
import csv
import json
import pathlib
import re
import subprocess
import sys


def expected_range(row):
    text = row["permitted"] or row["goroutines"]
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def states_of(text):
    states = {}
    for part in text.split(";"):
        name, _, count = part.rpartition("=")
        states[name] = int(count)
    return states


def compare_text(row, facts):
    """Rows of goroutine text."""
    low, high = expected_range(row)
    exact = facts["goroutines"] == int(row["goroutines"])
    yield "goroutines", low <= facts["goroutines"] <= high, f"{low}-{high}", facts["goroutines"]
    if not exact:
        return
    for name in ("snapshots", "created_by", "min_id", "max_id", "frames", "damaged"):
        if row[name] != "-":
            yield name, facts[name] == int(row[name]), row[name], facts[name]
    if row["states"] != "-":
        yield "states", facts["states"] == states_of(row["states"]), row["states"], facts["states"]
    for name in ("ancestors", "locked", "parents", "minutes", "max_minutes", "unavailable", "elided"):
        match = re.search(rf"(?:^|; ){name} (\d+)", row["facts"])
        if match:
            yield name, facts[name] == int(match[1]), match[1], facts[name]


def compare_counts(row, facts):
    """Rows of profiles: the sum of the buckets and their number."""
    match = re.search(r"sums? (-?\d+)", row["facts"])
    if row["goroutines"] != "-":
        yield "sum", facts["sum"] == int(row["goroutines"]), row["goroutines"], facts["sum"]
    elif match and "contentions" in row["facts"]:
        yield "sum", facts["sum"] == int(match[1]), match[1], facts["sum"]
    match = re.search(r"(\d+) (?:buckets|samples)", row["facts"])
    if match and row["goroutines"] != "-":
        yield "samples", facts["samples"] <= int(match[1]), match[1], facts["samples"]
    if row["kind"] == "debug1-goroutine":
        yield "frames", facts["sample_frames"] == int(row["frames"]), row["frames"], facts["sample_frames"]
        match = re.search(r"total (\d+)", row["facts"])
        yield "total", facts["total"] == int(match[1]), match[1], facts["total"]
        match = re.search(r"(\d+) labels lines", row["facts"])
        yield "labels", facts["labelled"] == int(match[1]), match[1], facts["labelled"]


def compare(row, facts):
    if row["kind"] == "negative":
        return [("snapshots", facts["snapshots"] == 0, 0, facts["snapshots"])]
    if row["kind"].startswith(("debug1", "proto")):
        return compare_counts(row, facts)
    return compare_text(row, facts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--facts", required=True, help="the dump-facts program")
    arguments = parser.parse_args()
    wrong = rows = 0
    with open(arguments.folder / "expected.tsv", newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            rows += 1
            file = arguments.folder / "files" / row["file"]
            for piece in ("65536", "0", "1", "7"):
                command = [arguments.facts, str(file), piece]
                facts = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                for name, right, want, got in compare(row, facts):
                    if not right:
                        wrong += 1
                        print(f"{row['file']} (pieces of {piece}): {name}: {got}, expected {want}")
    print(f"{rows} rows, {wrong} differences")
    return 1 if wrong or rows == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
