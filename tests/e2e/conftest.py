# SPDX-License-Identifier: Apache-2.0
"""End-to-end tests: the real binary against real and hostile programs.

PARKWATCH names the binary, PARKWATCH_PROGRAMS the folder with the Go programs of tests/programs;
without them they are looked for in the build folder (PARKWATCH_BUILD, or build/). Nothing is
skipped: what is missing is an error."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PARKWATCH_BUILD", ROOT / "build"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))


def find(variable, usual):
    path = pathlib.Path(os.environ.get(variable, usual)).resolve()
    if not path.exists():
        pytest.exit(f"{path} is not there: run make first, or set {variable}", returncode=3)
    return path


BINARY = find("PARKWATCH", BUILD / "collector" / "parkwatch")
PROGRAMS = find("PARKWATCH_PROGRAMS", BUILD / "programs")
# parkwatch itself would take them for settings; under this name tests/torture finds them.
for name in [name for name in os.environ if name.startswith("PARKWATCH")]:
    os.environ["TESTED_" + name] = os.environ.pop(name)


@pytest.fixture(scope="session")
def binary():
    return BINARY


@pytest.fixture(scope="session")
def programs():
    return PROGRAMS


class Run:
    """One run of the binary: its status, what it said, how long it took."""

    def __init__(self, status, out, err, seconds, path=None):
        self.status, self.out, self.err, self.seconds, self.path = status, out, err, seconds, path

    def __repr__(self):
        return f"status {self.status} in {self.seconds:.1f} s\n{self.err}"

    def members(self):
        data = self.path.read_bytes() if self.path else self.out
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return {entry.name: tar.extractfile(entry).read() for entry in tar}

    def member(self, name):
        data = self.members()[name]
        return gzip.decompress(data) if name.endswith(".gz") else data

    def errors(self):
        return [json.loads(line) for line in self.member("errors.jsonl").splitlines()]

    def lines(self, kind=None):
        lines = [json.loads(line) for line in self.member("observations.jsonl.gz").splitlines()]
        return [line for line in lines if kind in (None, line["type"])]

    def manifest(self):
        return json.loads(self.member("manifest.json"))

    def findings(self):
        return json.loads(self.member("findings.json"))

    def check_sums(self):
        members = self.members()
        for line in members["SHA256SUMS"].decode().splitlines():
            if line.startswith("#"):
                continue
            digest, name = line.split("  ", 1)
            assert hashlib.sha256(members[name]).hexdigest() == digest, name


@pytest.fixture
def run(binary, tmp_path):
    """run("collect", ...) -> Run; -o is added for collect unless it is given."""

    def run(*arguments, timeout=60, stdin=None, env=None):
        arguments = [str(argument) for argument in arguments]
        path = None
        if arguments[0] == "collect" and "-o" not in arguments:
            path = tmp_path / f"bundle-{len(list(tmp_path.iterdir()))}.tar"
            arguments += ["-o", str(path)]
        started = time.monotonic()
        done = subprocess.run([binary, *arguments], capture_output=True, timeout=timeout,
                              input=stdin, cwd=tmp_path, env={**os.environ, **(env or {})})
        return Run(done.returncode, done.stdout, done.stderr.decode(errors="replace"),
                   time.monotonic() - started, path if path and path.exists() else None)

    return run
