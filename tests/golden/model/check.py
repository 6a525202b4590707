#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each NAME.text and NAME.json is what `parkwatch model` prints for that line of cases.txt, byte for
byte; text fits 80 columns, JSON parses.

    check.py PARKWATCH [--write]
"""

import difflib
import json
import os
import pathlib
import shlex
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = {"PATH": os.environ["PATH"]}


def cases():
    for line in (FOLDER / "cases.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, _, arguments = line.partition(": ")
            yield name, shlex.split(arguments)


def printed(binary, arguments, form):
    done = subprocess.run([binary, "model", *arguments, "--format", form], capture_output=True,
                          text=True, env=ENVIRONMENT)
    assert done.returncode == 0 and not done.stderr, (arguments, done)
    if form == "json":
        json.loads(done.stdout)
    wide = [line for line in done.stdout.splitlines() if form == "text" and len(line) > 80]
    assert not wide, wide
    return done.stdout


def main():
    binary, write, wrong, known = sys.argv[1], "--write" in sys.argv, 0, set()
    for name, arguments in cases():
        for form in ("text", "json"):
            path = FOLDER / f"{name}.{form}"
            known.add(path)
            got = printed(binary, arguments, form)
            if write:
                path.write_text(got)
            elif got != path.read_text():
                wrong += 1
                sys.stdout.writelines(difflib.unified_diff(
                    path.read_text().splitlines(True), got.splitlines(True), path.name, "printed"))
    stray = {path for form in ("text", "json") for path in FOLDER.glob(f"*.{form}")} - known
    assert not stray, stray
    return wrong > 0


sys.exit(main())
