# SPDX-License-Identifier: Apache-2.0
"""Bundles end to end: standard tools read them, `verify` notices what is wrong with them, and
`analyze` gives back what is in them."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tarfile

import pytest

from hostile.pprof import Program
from hostile.server import Server


@pytest.fixture(scope="module")
def bundle(binary, tmp_path_factory):
    """One collection of three rounds, for all tests here."""
    path = tmp_path_factory.mktemp("bundle") / "b.tar"
    with Server(Program(leaked=40, label=("user", "alice@example.org"))) as target:
        subprocess.run([binary, "collect", "--snapshots", "3", "--interval", "0.3s", "-o", path,
                        target.url], check=True, capture_output=True)
    return path


@pytest.fixture
def damaged(bundle, tmp_path):
    """damaged(change) -> path of a copy whose bytes went through change()."""
    def make(change):
        path = tmp_path / "damaged.tar"
        path.write_bytes(change(bytearray(bundle.read_bytes())))
        return path
    return make


def entries(path):
    with tarfile.open(path) as tar:
        return tar.getmembers()


def test_standard_tools_read_it(bundle, tmp_path):
    subprocess.run(["tar", "xf", bundle], cwd=tmp_path, check=True)
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert done.stderr == ""
    for path in tmp_path.rglob("*.gz"):
        subprocess.run(["zcat", path], check=True, capture_output=True)
    json.loads((tmp_path / "findings.json").read_text())
    go = shutil.which("go")
    assert go, "the tests need Go"
    profile = next(tmp_path.rglob("block.pb.gz"))
    done = subprocess.run([go, "tool", "pprof", "-top", profile], capture_output=True, text=True,
                          env={**os.environ, "HOME": str(tmp_path)})
    assert done.returncode == 0 and "main.leak" in done.stdout, done.stderr


def test_its_members_stand_in_order_with_plain_headers(bundle):
    members = entries(bundle)
    names = [member.name for member in members]
    assert names[:5] == ["manifest.json", "report.html", "report.txt", "findings.json",
                         "observations.jsonl.gz"]
    assert names[-2:] == ["errors.jsonl", "SHA256SUMS"]
    assert names[5:-2] == sorted(names[5:-2])
    assert all(name.startswith("targets/") for name in names[5:-2])
    assert {(m.uid, m.gid, m.mode, m.type) for m in members} == {(0, 0, 0o600, tarfile.REGTYPE)}
    assert len({m.mtime for m in members}) == 1


def test_the_manifest_tells_where_everything_is(bundle):
    data = bundle.read_bytes()
    manifest = json.loads(tarfile.open(bundle).extractfile("manifest.json").read())
    assert manifest["schema"] == "parkwatch.bundle/1"
    assert len(manifest["artifacts"]) == len(entries(bundle)) - 2
    for artifact in manifest["artifacts"]:
        body = data[artifact["offset"]:artifact["offset"] + artifact["size"]]
        assert hashlib.sha256(body).hexdigest() == artifact["sha256"]
        raw = gzip.decompress(body) if artifact["path"].endswith(".txt.gz") else None
        assert raw is None or len(raw) == artifact["raw_size"]


def test_the_sums_end_with_the_digest_of_their_lines(bundle):
    sums = tarfile.open(bundle).extractfile("SHA256SUMS").read().decode()
    *lines, last = sums.splitlines(keepends=True)
    assert last.startswith("# ")
    assert last.split()[-1] == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_verify_accepts_it_and_says_its_digest(run, bundle):
    done = run("verify", bundle)
    assert done.status == 0
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert digest in done.out.decode()
    assert run("verify", "--sha256", digest.upper(), bundle).status == 0
    assert run("verify", "-", stdin=bundle.read_bytes()).status == 0
    done = run("verify", "--sha256", "0" * 64, bundle)
    assert done.status == 1 and "another" in done.err


def flip(at):
    def change(data):
        data[at] ^= 1
        return data
    return change


def test_verify_names_what_is_damaged(run, bundle, damaged):
    artifacts = json.loads(tarfile.open(bundle).extractfile("manifest.json").read())["artifacts"]
    report = next(a for a in artifacts if a["path"] == "report.txt")
    cases = [
        (flip(report["offset"]), "report.txt"),
        (flip(report["offset"] - 400), "header of report.txt"),
        (flip(bundle.stat().st_size - 1), "end of the archive"),
        (lambda data: data + b"\0", "behind the end"),
        (lambda data: data[:5000], "cut"),
        (lambda data: data[:report["offset"] + 10], "report.txt"),
        (lambda data: b"", "cut"),
    ]
    for change, words in cases:
        done = run("verify", damaged(change))
        assert done.status == 1 and words in done.err, (words, done.err)


def test_a_repacked_archive_is_no_bundle_any_more(run, bundle, tmp_path):
    # The same members, by a tar that writes other headers: bytes differ, and that is said.
    subprocess.run(["tar", "xf", bundle], cwd=tmp_path, check=True)
    names = [member.name for member in entries(bundle)]
    subprocess.run(["tar", "cf", "again.tar", *names], cwd=tmp_path, check=True)
    assert run("verify", tmp_path / "again.tar").status == 1


def test_analyze_gives_back_its_findings_byte_for_byte(run, bundle, tmp_path):
    inside = tarfile.open(bundle).extractfile("findings.json").read()
    assert run("analyze", "--format", "json", bundle).out == inside
    assert run("analyze", "--format", "json", "-", stdin=bundle.read_bytes()).out == inside
    assert run("analyze", "--format", "json", "-",
               stdin=gzip.compress(bundle.read_bytes())).out == inside
    folder = tmp_path / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "xf", bundle], cwd=folder, check=True)
    done = run("analyze", "--format", "json", folder)
    assert done.out == inside and "unpacked" in done.err


def test_a_damaged_bundle_is_refused_unless_asked_for(run, bundle, damaged):
    artifacts = json.loads(tarfile.open(bundle).extractfile("manifest.json").read())["artifacts"]
    dump = next(a for a in artifacts if a["path"].endswith("goroutine.txt.gz"))
    path = damaged(flip(dump["offset"] + 20))
    done = run("analyze", path)
    assert done.status == 1 and "--damaged" in done.err and dump["path"] in done.err
    done = run("analyze", "--damaged", "--format", "json", path)
    inside = tarfile.open(bundle).extractfile("findings.json").read()
    assert done.status == 0 and done.out == inside and "damaged" in done.err


def test_half_of_its_observations_are_still_read(run, bundle, damaged):
    artifacts = json.loads(tarfile.open(bundle).extractfile("manifest.json").read())["artifacts"]
    lines = next(a for a in artifacts if a["path"] == "observations.jsonl.gz")
    path = damaged(flip(lines["offset"] + lines["size"] - 6))  # its CRC
    done = run("analyze", "--damaged", "--format", "json", path)
    assert done.status == 0, done
    assert json.loads(done.out)["generated_from"]["ticks"] == 3


def test_nothing_of_a_redacted_label_is_left(bundle):
    with tarfile.open(bundle) as tar:
        for member in tar:
            data = tar.extractfile(member).read()
            if member.name.endswith(".gz"):
                data = gzip.decompress(data)
            assert b"alice" not in data, member.name
            assert b"0xc000" not in data, member.name


def test_a_bundle_is_the_owners_alone(bundle):
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_its_observations_hold_the_format(bundle):
    data = tarfile.open(bundle).extractfile("observations.jsonl.gz").read()
    lines = [json.loads(line) for line in gzip.decompress(data).splitlines()]
    assert lines[0]["type"] == "header" and lines[0]["schema"] == "parkwatch.observations/1"
    assert all(next(iter(line)) == "type" for line in lines)
    described, seq = set(), {}
    for line in lines:
        if line["type"] == "stack":
            described.add(line["stack"])
        if line["type"] != "tick":
            continue
        assert line["seq"] == seq.get(line["target"], 0)
        seq[line["target"]] = line["seq"] + 1
        for group in line["groups"] or []:
            assert group["stack"] in described
            assert ("ids" in group) == line["key"] and ("born" in group) == (not line["key"])
    assert sum(seq.values()) == 3


def test_gzip_members_carry_no_name_and_no_time(bundle):
    with tarfile.open(bundle) as tar:
        for member in tar:
            if member.name.endswith(".txt.gz") or member.name.endswith(".jsonl.gz"):
                head = tar.extractfile(member).read(10)
                assert head[3] == 0 and head[4:8] == b"\0\0\0\0", member.name
