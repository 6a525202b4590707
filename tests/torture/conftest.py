# SPDX-License-Identifier: Apache-2.0
"""Where the torture tests find what they torture: as in tests/e2e/conftest.py."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from hostile.pprof import Program  # noqa: E402


def setting(name, usual):
    return os.environ.get(name, os.environ.get("TESTED_" + name, usual))


BUILD = pathlib.Path(setting("PARKWATCH_BUILD", ROOT / "build"))


def find(path):
    path = pathlib.Path(path).resolve()
    if not path.exists():
        pytest.exit(f"{path} is not there: run make first, or set PARKWATCH_BUILD", returncode=3)
    return path


@pytest.fixture(scope="session")
def binary():
    return find(setting("PARKWATCH", BUILD / "collector" / "parkwatch"))


@pytest.fixture(scope="session")
def faults():
    return find(BUILD / "tests" / "torture" / "faults.so")


@pytest.fixture(scope="session")
def replay():
    return find(BUILD / "tests" / "replay" / "replay")


@pytest.fixture(scope="session")
def answers(tmp_path_factory):
    """A folder with what a small program answers, once and for all."""
    folder = tmp_path_factory.mktemp("answers")
    program = Program(leaked=30, label="tenant: acme", leak_profile=True)
    for name, body in {"index": program.index(), "goroutine": program.dump(),
                       "block": program.contention(), "mutex": program.contention(),
                       "goroutineleak": program.proved(), "metrics": program.metrics()}.items():
        (folder / name).write_bytes(body)
    return folder


@pytest.fixture(scope="session")
def target(answers):
    """The URL of one process that gives these answers to all runs."""
    server = subprocess.Popen([find(BUILD / "tests" / "torture" / "torture-target"), answers],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    server.communicate()
