# SPDX-License-Identifier: Apache-2.0
"""Each allocation, write, fsync, rename, close and open of the program fails once; and it is ended
and killed at any moment. Under the final name there is the whole bundle or nothing, what is said is
right, nothing crashes, nothing is leaked, and no folder is left behind.

Allocations inside of libraries (libcurl, jansson, OpenSSL) do not count: tests/torture/faults.c."""

import concurrent.futures
import gzip
import itertools
import os
import random
import signal
import subprocess
import time

import pytest

from conftest import ROOT

MANY = 20000  # a loop that goes on so long has lost its way
AT_ONCE = 2
WORDS = {"ENOSPC": "No space left", "EIO": "Input/output error",
         "EINTR": "Interrupted system call", "ENOMEM": "memory"}


class Subject:
    """The program, its library of faults, and a folder for each run."""

    def __init__(self, binary, faults, folder):
        self.binary, self.faults, self.folder = binary, faults, folder
        self.numbers = itertools.count()

    def plain(self, *arguments):
        return subprocess.run([self.binary, *map(str, arguments)], capture_output=True)

    def new_folder(self):
        folder = self.folder / f"run-{next(self.numbers)}"
        folder.mkdir()
        return folder

    def run(self, kind, at, code, arguments, folder):
        seen = self.folder / f"seen-{folder.name}"
        environment = {name: value for name, value in os.environ.items()
                       if "PARKWATCH" not in name}
        environment |= {"LD_PRELOAD": str(self.faults), "FAULT_KIND": kind, "FAULT_AT": str(at),
                        "FAULT_ERRNO": code, "FAULT_SEEN": str(seen), "TMPDIR": str(folder)}
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True,
                              env=environment, timeout=60)
        done.said = done.stderr.decode()
        done.at = f"{kind} {at} {code}: status {done.returncode}\n{done.said}"
        assert seen.exists(), f"it did not end by itself: {done.at}"
        _, hit, done.leaked = map(int, seen.read_text().split())
        done.hit = hit == 1
        return done

    def every(self, kind, code, arguments, check):
        """Fails call 1, 2, 3, ... until there is no such call; `arguments` is a function of the
        folder of the run. How many there were."""
        def one(at):
            folder = self.new_folder()
            done = self.run(kind, at, code, arguments(folder), folder)
            assert done.returncode in (0, 1, 2, 3), done.at
            assert done.leaked == 0, f"{done.leaked} allocations leaked: {done.at}"
            if done.returncode != 0:
                assert WORDS[code] in done.said, done.at
            check(done, folder)
            return done.hit

        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for begin in range(1, MANY, 16):
                hits = list(pool.map(one, range(begin, begin + 16)))
                if not all(hits):
                    return begin - 1 + hits.index(False)
        raise AssertionError("it never ended")


@pytest.fixture
def subject(binary, faults, tmp_path):
    return Subject(binary, faults, tmp_path)


def collect(target, folder=None):
    """The command; its bundle goes to standard output without a folder."""
    return ["collect", "--snapshots", "1", "-o", folder / "b.tar" if folder else "-", target]


@pytest.fixture(scope="session")
def bundle(binary, target, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    done = subprocess.run([binary, *map(str, collect(target, folder))], capture_output=True)
    assert done.returncode == 0, done.stderr
    return folder / "b.tar"


@pytest.fixture(scope="session")
def files(answers, tmp_path_factory):
    """Two dumps, a third one in a log, profiles and metrics: what analyze puts together."""
    folder = tmp_path_factory.mktemp("files")
    dump = (answers / "goroutine").read_text()
    (folder / "1.txt").write_text(dump)
    (folder / "2.txt").write_text(dump.replace("goroutine 20 ", "goroutine 900 "))
    (folder / "3.log.gz").write_bytes(gzip.compress("".join(
        f"2026-11-21T03:15:51.000000001Z stderr F {line}\n"
        for line in dump.split("\n")).encode()))
    for name in ("block", "mutex", "metrics"):
        (folder / f"4-{name}").write_bytes((answers / name).read_bytes())
    return sorted(folder.iterdir())


def whole_or_nothing(subject):
    """A check: the bundle verifies or is not there, and nothing else is left in the folder."""
    def check(done, folder):
        names = sorted(os.listdir(folder))
        assert names in ([], ["b.tar"]), (names, done.at)
        assert (names == ["b.tar"]) == (done.returncode in (0, 2)), done.at
        if names:
            verified = subject.plain("verify", folder / "b.tar")
            assert verified.returncode == 0, (done.at, verified.stderr)
    return check


def same(baseline):
    """A check: the same output, or none at all and status 1."""
    def check(done, _folder):
        assert done.returncode in (0, 1), done.at
        if done.returncode == 0:
            assert done.stdout == baseline, done.at
        else:
            assert done.stdout == b"", done.at
    return check


def test_each_allocation_of_collect(subject, target):
    assert subject.every("malloc", "ENOMEM", lambda folder: collect(target, folder),
                         whole_or_nothing(subject)) > 300


@pytest.mark.parametrize("kind", ["write", "fsync", "rename", "openat", "close"])
@pytest.mark.parametrize("code", ["ENOSPC", "EIO", "EINTR"])
def test_each_failing_call_of_collect(subject, target, kind, code):
    usual = whole_or_nothing(subject)

    def check(done, folder):
        # The folder's own fsync comes behind the rename: then the bundle stands there, and is whole.
        if kind == "fsync" and done.returncode == 1 and (folder / "b.tar").exists():
            assert subject.plain("verify", folder / "b.tar").returncode == 0
        else:
            usual(done, folder)
        if code == "EINTR" and kind in ("write", "close"):
            assert done.returncode == 0, done.at  # that is no failure
    assert subject.every(kind, code, lambda folder: collect(target, folder), check) > 0


def test_a_short_write_is_no_failure(subject, target):
    def check(done, folder):
        assert done.returncode == 0, done.at
        whole_or_nothing(subject)(done, folder)
    assert subject.every("write", "short", lambda folder: collect(target, folder), check) > 10


def test_each_failing_write_to_standard_output(subject, target):
    """A stream that breaks is said; the folder for the members is gone all the same."""
    def check(done, folder):
        assert os.listdir(folder) == [], done.at
        if done.returncode == 0:
            (folder / "b.tar").write_bytes(done.stdout)
            assert subject.plain("verify", folder / "b.tar").returncode == 0, done.at
    for code in ("ENOSPC", "EINTR", "short"):
        assert subject.every("write", code, lambda _: collect(target), check) > 10


@pytest.mark.parametrize("form", ["json", "text", "html", "folded"])
def test_each_allocation_of_analyze(subject, bundle, files, form):
    for inputs in ([bundle], ["--interval", "30s", *files]):
        arguments = ["analyze", "--format", form, *inputs]
        baseline = subject.plain(*arguments).stdout
        assert subject.every("malloc", "ENOMEM", lambda _: arguments, same(baseline)) > 50


@pytest.fixture(scope="session")
def archive():
    """A header, what was remembered, and some ticks behind it."""
    return ROOT / "tests" / "fuzz" / "corpus" / "state" / "leak.jsonl"


def test_each_allocation_of_restoring_a_state(subject, archive):
    """Want of memory is said: it is no damage, after which the target would start fresh."""
    arguments = ["analyze", "--format", "json", archive]
    baseline = subject.plain(*arguments).stdout
    assert subject.every("malloc", "ENOMEM", lambda _: arguments, same(baseline)) > 100


def test_each_allocation_of_saving_a_state(replay, faults, tmp_path, archive):
    subject = Subject(replay, faults, tmp_path)
    baseline = subject.plain("state", archive).stdout

    def check(done, _folder):
        assert done.returncode in (0, 1), done.at
        assert baseline.startswith(done.stdout), done.at  # lines that are whole
        assert done.returncode == 1 or done.stdout == baseline, done.at
    assert baseline.count(b'"type":"state"') == 2
    assert subject.every("malloc", "ENOMEM", lambda _: ["state", archive], check) > 100


@pytest.mark.parametrize("arguments", [["show", "--label", "tenant=acme"],
                                       ["show", "--format", "json"]])
def test_each_allocation_of_show(subject, bundle, files, arguments):
    for inputs in ([bundle], files):
        whole = [*arguments, *inputs]
        assert subject.every("malloc", "ENOMEM", lambda _: whole,
                             same(subject.plain(*whole).stdout)) > 50


def test_each_allocation_of_verify(subject, bundle):
    assert subject.every("malloc", "ENOMEM", lambda _: ["verify", bundle],
                         same(subject.plain("verify", bundle).stdout)) > 5


@pytest.mark.parametrize("command", ["verify", "analyze", "show"])
@pytest.mark.parametrize("kind", ["openat", "close"])
def test_each_failing_open_and_close_of_a_reader(subject, bundle, command, kind):
    baseline = subject.plain(command, bundle).stdout
    assert subject.every(kind, "EIO", lambda _: [command, bundle], same(baseline)) > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_end_at_any_moment_leaves_a_whole_bundle_or_none(subject, target, number):
    random.seed(7)
    begun = time.monotonic()
    assert subject.plain(*collect(target, subject.new_folder())).returncode == 0
    usual = time.monotonic() - begun
    for _ in range(20):
        folder = subject.new_folder()
        process = subprocess.Popen([subject.binary, *map(str, collect(target, folder))],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(random.uniform(0, usual))
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert process.returncode in (0, -number, 128 + number), err
        if (folder / "b.tar").exists():
            assert subject.plain("verify", folder / "b.tar").returncode == 0
        if number == signal.SIGTERM and process.returncode >= 0:
            assert os.listdir(folder) == ["b.tar"], err


def test_a_full_disk_and_a_closed_pipe_are_said(subject, target):
    command = [subject.binary, *map(str, collect(target))]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"No space left" in done.stderr, done.stderr
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.returncode == 1 and b"closed pipe" in done.stderr, done.stderr
