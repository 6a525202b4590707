# SPDX-License-Identifier: Apache-2.0
"""A day of one look a minute, cut into archives at random points: the real binary says of each archive
what it says of everything up to there."""

import gzip
import json
import os
import subprocess
import tarfile

import pytest

from conftest import BUILD
from hostile.pprof import Program
from hostile.server import Server

CUTS = 20
REPLAY = BUILD / "tests" / "replay" / "replay"


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The folder of a day, and (archive, minute, everything up to there) for each cut."""
    folder = tmp_path_factory.mktemp("day")
    seed = os.environ.get("TESTED_DAY_SEED", "11")
    lines = subprocess.check_output([REPLAY, "day", seed, "1440", str(CUTS), folder], text=True).split("\n")
    whole = (folder / "whole.jsonl").read_bytes()
    cuts = [tuple(map(int, line.split())) for line in lines if line]
    return [((folder / f"cut-{number}.jsonl").read_bytes(), minute, whole[:size]) for number, minute, size in cuts]


def findings(binary, text):
    done = subprocess.run([binary, "analyze", "--format", "json", "-"], input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def parts(text):
    """What an archive and the whole must agree in. "snapshots" lists what was looked at in this very file, and
    "stacks" names what the rest of the file refers to."""
    before, rest = text.split(b'"snapshots":', 1)
    return before, rest[rest.index(b'"targets":['):]


def test_each_archive_of_a_day_says_what_the_whole_says(binary, day):
    assert len(day) == CUTS
    verdicts = set()
    for archive, minute, whole in day:
        said, expected = findings(binary, archive), findings(binary, whole)
        assert parts(said) == parts(expected), f"cut at minute {minute}"
        verdicts |= {word for word in (b"suspect", b"confirmed", b"cleared") if b'"verdict":"%s"' % word in said}
    # The day has all of it, else this holds nothing.
    assert verdicts == {b"suspect", b"confirmed", b"cleared"}


def test_an_archive_holds_only_its_own_observations(day):
    sizes = [len(archive) for archive, _, _ in day]
    assert max(sizes) < len(day[-1][2]) / 2


def test_what_is_restored_is_saved_again_byte_for_byte(day, tmp_path):
    for archive, minute, whole in day[:: CUTS // 4]:
        (tmp_path / "archive").write_bytes(archive)
        (tmp_path / "whole").write_bytes(whole)
        saved = [subprocess.check_output([REPLAY, "state", tmp_path / name]) for name in ("archive", "whole")]
        # The stacks come in the order in which each table first saw them.
        lines = [sorted(text.split(b"\n")) for text in saved]
        assert lines[0] == lines[1], f"cut at minute {minute}"


def test_an_archive_without_a_single_tick_says_what_is_remembered(binary, day, tmp_path):
    (tmp_path / "archive").write_bytes(day[-1][2])
    state = subprocess.check_output([REPLAY, "state", tmp_path / "archive"])
    assert parts(findings(binary, state)) == parts(findings(binary, day[-1][2]))


def test_a_damaged_state_is_said_and_the_rest_is_read(binary, day):
    archive, _, _ = day[-1]
    damaged = archive.replace(b'"stride":1,', b'"stride":0,', 1)
    done = subprocess.run([binary, "analyze", "-"], input=damaged, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"state of shop/gateway/app: stride: it starts fresh" in done.stderr + done.stdout


def test_a_bundle_is_judged_by_the_state_in_it(binary, day, tmp_path):
    archive, _, whole = day[-1]
    with Server(Program()) as target:
        subprocess.run([binary, "collect", "--snapshots", "1", "-o", tmp_path / "b.tar", target.url],
                       check=True, capture_output=True)
    with tarfile.open(tmp_path / "b.tar") as tar:
        tar.extractall(tmp_path / "bundle")
    (tmp_path / "bundle" / "observations.jsonl.gz").write_bytes(gzip.compress(archive))
    done = subprocess.run([binary, "analyze", "--format", "json", tmp_path / "bundle"], capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    said, expected = json.loads(done.stdout), json.loads(findings(binary, whole))
    assert said["findings"] == expected["findings"] and said["targets"] == expected["targets"]
