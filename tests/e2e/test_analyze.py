# SPDX-License-Identifier: Apache-2.0
"""`parkwatch analyze` on dumps, logs, profiles, observations and what is none of these."""

import gzip
import json
import os
import pathlib

import jsonschema
import pytest

from hostile.pprof import Program

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / "docs/findings.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def record(number, wait="chan receive, 7 minutes", function="main.wait", line=42):
    return (f"goroutine {number} [{wait}]:\n{function}(...)\n\t/src/app/main.go:{line} +0x25\n"
            f"created by main.main in goroutine 1\n\t/src/app/main.go:10 +0x85\n")


def dump(*numbers, **facts):
    return "\n".join(record(number, **facts) for number in numbers)


@pytest.fixture
def analyze(run, tmp_path):
    """analyze(text or files, flags) -> Run, with .json when it succeeded and is valid."""
    def analyze(*inputs, flags=(), stdin=None):
        paths = []
        for i, given in enumerate(inputs):
            if isinstance(given, (str, bytes)) and given != "-":
                path = tmp_path / f"{i}.txt"
                path.write_bytes(given.encode() if isinstance(given, str) else given)
                paths.append(path)
            else:
                paths.append(given)
        done = run("analyze", "--format", "json", *flags, *paths, stdin=stdin)
        if done.status == 0:
            done.json = json.loads(done.out)
            VALIDATOR.validate(done.json)
        return done
    return analyze


def groups(done, snapshot=-1):
    return {group["stack"]: group for group in done.json["snapshots"][snapshot]["groups"]}


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_one_dump_gives_groups_waits_and_age(analyze):
    done = analyze(dump(*range(20, 60)))
    (group,) = groups(done).values()
    assert group["count"] == 40
    assert group["waits"] == {"chan receive": 40}
    assert group["minutes"] == {"min": 7, "max": 7}
    assert group["created_by"] == {"function": "main.main", "file": "/src/app/main.go", "line": 10}
    (frames,) = done.json["stacks"].values()
    assert frames[0] == {"function": "main.wait", "file": "/src/app/main.go", "line": 42}
    (finding,) = done.json["findings"]
    assert finding["verdict"] == "stuck" and finding["site"]["line"] == 42
    assert finding["cause"]


def test_one_dump_is_told_in_one_screen(run, tmp_path):
    (tmp_path / "d.txt").write_text("\n".join(
        record(100 * i + n, line=i) for i in range(1, 60) for n in range(60 - i)))
    done = run("analyze", "d.txt")
    lines = done.out.decode().splitlines()
    assert done.status == 0 and len(lines) <= 50 and max(map(len, lines)) <= 80
    assert "main.wait" in done.out.decode() and "chan receive" in done.out.decode()


def test_the_same_from_standard_input_gzip_and_a_log(analyze):
    text = dump(*range(20, 60))
    plain = groups(analyze(text))
    assert groups(analyze("-", stdin=text.encode())) == plain
    assert groups(analyze("-", stdin=gzip.compress(text.encode()))) == plain
    assert groups(analyze(gzip.compress(gzip.compress(text.encode())))) == plain
    log = "".join(f"2026-11-21T03:15:51.123456789Z {line}\n" for line in
                  ["starting", *text.split("\n"), "done"])
    assert groups(analyze(log)) == plain
    wrapped = "".join(json.dumps({"log": line + "\n", "stream": "stderr"}) + "\n"
                      for line in text.split("\n"))
    assert groups(analyze(wrapped)) == plain


def test_several_dumps_grow_over_the_interval_given(analyze):
    dumps = [dump(*range(20, 60 + 30 * i)) for i in range(4)]
    done = analyze(*dumps, flags=["--interval", "10s"])
    assert done.json["generated_from"]["ticks"] == 4
    (finding,) = done.json["findings"]
    assert finding["goroutines"] == {"first": 40, "last": 130}
    rate = finding["rate_per_s"]
    assert rate["low"] <= 3 <= rate["high"] and rate["low"] > 1


def test_times_come_from_names(analyze, tmp_path):
    names = []
    for i in range(3):
        path = tmp_path / f"dump-20261121T0315{10 * i:02}Z.txt"
        path.write_text(dump(*range(20, 60 + 30 * i)))
        names.append(path)
    # The order of the arguments does not matter then.
    done = analyze(*reversed(names))
    assert [s["time"] for s in done.json["snapshots"]] == [
        f"2026-11-21T03:15:{10 * i:02}.000Z" for i in range(3)]
    assert [s["goroutines"] for s in done.json["snapshots"]] == [40, 70, 100]


def test_times_come_from_modification_times_and_that_is_said(analyze, tmp_path):
    names = []
    for i in range(3):
        path = tmp_path / f"{i}.txt"
        path.write_text(dump(*range(20, 60 + 30 * i)))
        os.utime(path, (1763694000 + 10 * i,) * 2)
        names.append(path)
    done = analyze(*names)
    assert done.json["snapshots"][2]["time"] == "2025-11-21T03:00:20.000Z"
    assert "modification times" in done.err
    (finding,) = done.json["findings"]
    assert finding["rate_per_s"]["low"] <= 3 <= finding["rate_per_s"]["high"]


def test_without_any_time_nothing_is_compared_and_that_is_said(analyze):
    done = analyze(dump(*range(20, 60)) + "\nserving\n" + dump(*range(20, 90)))
    assert "--interval" in done.err
    assert len(done.json["snapshots"]) == 2
    assert all(finding["verdict"] not in ("growing", "hint", "suspect", "confirmed")
               for finding in done.json["findings"])


def test_a_folder_is_read_in_the_order_of_names(analyze, tmp_path):
    folder = tmp_path / "dumps"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.txt").write_text(dump(*range(20, 60 + 30 * i)))
    (folder / "README").write_text("notes\n")
    (folder / ".hidden").write_text("x")
    done = analyze(folder, flags=["--interval", "10s"])
    assert [s["goroutines"] for s in done.json["snapshots"]] == [40, 70, 100]
    assert "README" in done.err


def test_profiles_and_metrics_join_the_dump_they_came_with(analyze, tmp_path):
    program = Program(leaked=40)
    paths = []
    for name, path, query in (("metrics", "/metrics", ""),
                              ("goroutine", "/debug/pprof/goroutine", "debug=2"),
                              ("block", "/debug/pprof/block", "debug=0"),
                              ("mutex", "/debug/pprof/mutex", "debug=0")):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(program.answer(path, query))
    done = analyze(*paths)
    assert done.json["generated_from"]["ticks"] == 1
    (target,) = done.json["targets"]
    assert {row["profile"] for row in target["contention"]} == {"block", "mutex"}


def test_what_is_no_dump_is_named(analyze):
    cases = [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><form>password</form></html>", "HTML"),
        (b'{"error": "unauthorized"}', "JSON"),
        (bytes(range(256)) * 20, "binary"),
        (b"just\nsome\nlines\n", "no goroutine dump"),
        (b'{"schema":"parkwatch.findings/1","tool":{}}', "observations.jsonl"),
    ]
    for body, words in cases:
        done = analyze(body)
        assert done.status == 1 and words in done.err, (words, done.err)
    assert analyze("/nowhere").status == 1


def test_observations_with_damaged_lines_are_read_and_counted(run, analyze, tmp_path):
    stack = {"type": "stack", "stack": "00000000000000aa",
             "frames": [{"function": "main.f", "file": "f.go", "line": 3}], "truncated": False}
    lines = [{"type": "header", "schema": "parkwatch.observations/1", "tool": "t",
              "clock": {"wall": "2026-11-21T03:15:00.000Z", "mono_ms": 0}}, stack]
    for seq in range(5):
        lines.append({"type": "tick", "target": "t", "process": 1, "seq": seq,
                      "mono_ms": 10000 * seq, "time": f"2026-11-21T03:15:{10 * seq:02}.000Z",
                      "source": "debug2", "status": "ok", "goroutines": 40, "key": True,
                      "groups": [{"stack": "00000000000000aa", "waits": {"select": 40},
                                  "count": 40, "created": None, "ids": "20+39"}]})
    text = [json.dumps(line) for line in lines]
    text[4] = text[4][:100]
    done = analyze("\n".join(text) + "\n")
    assert done.json["generated_from"]["lines_skipped"] == 1
    assert done.json["generated_from"]["ticks"] == 4
    assert "line 5" in done.err


def test_hostile_names_reach_no_output_as_they_are(run, tmp_path):
    name = "main.\x1b[31m</script>\x07wait"
    (tmp_path / "d.txt").write_text(dump(*range(20, 60), function=name))
    for form in ("text", "json", "html", "folded"):
        done = run("analyze", "--format", form, "d.txt")
        assert done.status == 0
        assert b"\x1b" not in done.out and b"\x07" not in done.out
        if form == "html":
            assert b"</script>" not in done.out


def test_fail_on_ends_with_status_4(run, tmp_path):
    (tmp_path / "d.txt").write_text(dump(*range(20, 60)))
    assert run("analyze", "--fail-on", "stuck", "d.txt").status == 4
    assert run("analyze", "--fail-on", "confirmed", "d.txt").status == 0
