#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One goroutine has one signature, whichever form its process told it in.

    check_signatures.py PROGRAM FOLDER...

FOLDER holds sets of a debug=2 dump, a debug=1 text and a profile.proto of the same moment
(…debug2.txt, …debug1.txt, …debug0.pb.gz). PROGRAM is dump-signatures. Says what differs, and exits
with 1 if anything does or if there is no set.
"""

import collections
import pathlib
import subprocess
import sys

FORMS = ("debug2.txt", "debug1.txt", "debug0.pb.gz")


def signatures(program, path):
    """Counts of goroutines by (key, line-free key), without the observer's own; and their words."""
    counts, words = collections.Counter(), {}
    out = subprocess.run([program, path], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines():
        key, line_free, count, observer, functions = line.split("\t")
        if observer == "-":
            counts[key, line_free] += int(count)
            words[key, line_free] = functions
    return counts, words


def differences(program, paths):
    """What the forms of one moment do not agree on; the first is the yardstick."""
    (first, first_words), *others = [signatures(program, path) for path in paths]
    if sum(first.values()) < 2:
        yield f"{paths[0]}: only {sum(first.values())} goroutines"
    for path, (counts, words) in zip(paths[1:], others):
        for key in sorted(first.keys() | counts.keys()):
            if first[key] != counts[key]:
                yield (f"{path.name}: {counts[key]} goroutines, in {paths[0].name} {first[key]}: "
                       f"{key[0]} {first_words.get(key) or words[key]}")


def sets(folder):
    for path in sorted(folder.glob("*" + FORMS[0])):
        paths = [path.with_name(path.name.replace(FORMS[0], form)) for form in FORMS]
        # A goroutineleak profile lists fewer in two of its forms.
        if all(p.exists() for p in paths) and "leak" not in path.name:
            yield paths


def main():
    program, *folders = sys.argv[1:]
    found = [paths for folder in folders for paths in sets(pathlib.Path(folder))]
    wrong = [d for paths in found for d in differences(program, paths)]
    print(*wrong, f"{len(found)} sets, {len(wrong)} differences", sep="\n")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
