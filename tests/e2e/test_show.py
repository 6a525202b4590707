# SPDX-License-Identifier: Apache-2.0
"""show: who sits where, out of dumps."""

import json

import pytest

from dumps import SERVICE, goroutine, write_dump


@pytest.fixture
def dump(tmp_path):
    return write_dump(tmp_path / "dump.txt", SERVICE)


def groups(run, *arguments):
    done = run("show", "--format", "json", *arguments)
    assert done.status == 0, done
    return json.loads(done.out)


def test_names_who_reads_and_from_which_of_my_lines(run, dump):
    done = run("show", "--function", r"net\.\(\*conn\)\.Read", "--user", dump)
    text = done.out.decode()
    assert done.status == 0
    assert "3 of 18 goroutines in 1 group" in text
    assert "conn.(*Reader).loop  conn/reader.go:40" in text
    assert "net.(*conn).Read" not in text


@pytest.mark.parametrize("arguments, matched", [
    ((), 18),
    (("--wait", "chan send"), 13),
    (("--wait", "IO wait, running"), 4),
    (("--wait", "CHAN SEND,select"), 14),
    (("--wait", "chan"), 0),
    (("--min-age", "5m"), 13),
    (("--min-age", "13m"), 0),
    (("--created-by", r"gateway\..*fanout"), 13),
    (("--created-by", "^nobody$"), 0),
    (("--function", "^main[.]main$"), 1),
    (("--id", "5,6", "--id", "7"), 3),
    (("--id", "99"), 0),
    (("--label", "user=a=b"), 1),
    (("--label", "user=a"), 0),
    (("--user",), 18),
    (("--wait", "chan send", "--id", "5", "--min-age", "1m"), 1),
])
def test_filters(run, dump, arguments, matched):
    assert groups(run, *arguments, dump)["matched"] == matched


@pytest.mark.parametrize("by, count", [("stack", 4), ("creator", 3), ("leaf", 4), ("label", 2)])
def test_groups(run, dump, by, count):
    answer = groups(run, "--group-by", by, dump)
    assert answer["group_count"] == count
    assert sum(group["count"] for group in answer["groups"]) == 18


def test_sorts_by_age_and_by_growth(run, tmp_path):
    old = goroutine("select, 90 minutes", [("main.old", "/src/old.go", 1)])
    fresh = goroutine("chan receive", [("main.fresh", "/src/fresh.go", 2)])
    before = write_dump(tmp_path / "1.txt", [old] * 3 + [fresh])
    after = write_dump(tmp_path / "2.txt", [old] * 3 + [fresh] * 3)
    age = groups(run, "--sort", "age", after)["groups"]
    assert age[0]["minutes_max"] == 90
    growth = groups(run, "--sort", "growth", before, after)["groups"]
    assert growth[0]["frames"][0]["function"] == "main.fresh"
    assert [group["growth"] for group in growth] == [2, 0]


def test_top_says_what_it_leaves_out(run, dump):
    text = run("show", "--top", "1", dump).out.decode()
    assert "3 more groups with 5 goroutines" in text


def test_folded_stacks_are_for_flame_graphs(run, dump):
    lines = run("show", "--format", "folded", dump).out.decode().splitlines()
    assert "example.com/shop/gateway.(*Gateway).fanout.func1 13" in lines
    assert any(line.startswith("example.com/shop/conn.(*Reader).loop;net.(*conn).Read;")
               and line.endswith(" 3") for line in lines)


def test_reads_standard_input(run, dump):
    done = run("show", "--wait", "chan send", "-", stdin=dump.read_bytes())
    assert done.status == 0 and b"13 of 18 goroutines" in done.out


def test_a_filter_that_finds_nothing_says_what_there_is(run, dump):
    text = run("show", "--wait", "chan sendd", dump).out.decode()
    assert "0 of 18" in text and "chan send 13" in text


@pytest.mark.parametrize("arguments, words", [
    (("--function", "("), "regular expression"),
    (("--id", "x"), "no number"),
    (("--label", "x"), "KEY=VALUE"),
    (("--top", "0"), "--top"),
])
def test_wrong_arguments_are_named(run, dump, arguments, words):
    done = run("show", *arguments, dump)
    assert done.status == 1 and words in done.err and not done.out


def test_text_of_a_target_cannot_reach_the_terminal(run, tmp_path):
    evil = goroutine("chan \x1b[31msend", [("main.\x1b]0;owned\x07x", "/src/\u202eevil.go", 1)])
    dump = write_dump(tmp_path / "evil.txt", [evil] * 2)
    done = run("show", dump)
    assert done.status == 0
    for bad in (b"\x1b", b"\x07", "\u202e".encode()):
        assert bad not in done.out
