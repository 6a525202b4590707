# SPDX-License-Identifier: Apache-2.0
"""diff: a gate for CI, and whether a leak was fixed."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from dumps import READER, SENDER, goroutine, service, write_dump


@pytest.fixture
def dumps(tmp_path):
    return {count: write_dump(tmp_path / f"{count}.txt", service(count - 4))
            for count in (12, 16, 18)}


@pytest.mark.parametrize("after, status", [(12, 0), (16, 0), (18, 4)])
def test_gate(run, dumps, after, status):
    done = run("diff", "--max-growth", "5", dumps[12], dumps[after])
    assert done.status == status, done


def test_a_failed_gate_says_which_stack_grew(run, dumps):
    text = run("diff", "--max-growth", "5", dumps[12], dumps[18]).out.decode()
    assert text.startswith("failed: 12 goroutines before, 18 after: 6 more, 5 more allowed\n")
    assert "+6  8 to 14:  gateway.(*Gateway).fanout.func1  gateway/fanout.go:88" in text
    assert "2 stacks as before" in text


def test_without_a_gate_growth_is_no_failure(run, dumps):
    assert run("diff", dumps[12], dumps[18]).status == 0


def test_new_fewer_and_gone_are_told_apart(run, tmp_path):
    other = goroutine("select", [("main.other", "/src/other.go", 9)])
    before = write_dump(tmp_path / "b.txt", [READER] * 3 + [SENDER] * 2)
    after = write_dump(tmp_path / "a.txt", [READER] * 1 + [other])
    answer = json.loads(run("diff", "--format", "json", before, after).out)
    changes = {stack["site"]["function"].rpartition("/")[2]: stack["change"]
               for stack in answer["stacks"]}
    assert changes == {"main.other": "new", "conn.(*Reader).loop": "fewer",
                       "gateway.(*Gateway).fanout.func1": "gone"}
    assert answer["growth"] == -3 and answer["passed"]


def test_a_rebuilt_program_joins_with_its_former_self(run, tmp_path):
    def at(line):
        return goroutine("select", [("main.wait", "/src/main.go", line)])
    before = write_dump(tmp_path / "b.txt", [at(10)] * 4)
    after = write_dump(tmp_path / "a.txt", [at(12)] * 4)
    answer = json.loads(run("diff", "--format", "json", before, after).out)
    assert [stack["change"] for stack in answer["stacks"]] == ["same"]


def test_junit_is_xml_that_names_the_stack(run, dumps):
    done = run("diff", "--max-growth", "5", "--format", "junit", dumps[12], dumps[18])
    suite = ElementTree.fromstring(done.out).find("testsuite")
    assert done.status == 4
    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")
    assert "fanout.go:88" in suite.find("testcase/failure").text


def test_hostile_text_stays_text_in_xml(run, tmp_path):
    evil = goroutine("select", [("main.]]><failure message=\"x\"/>&\x1b[1m", "/src/evil.go", 1)])
    before = write_dump(tmp_path / "b.txt", [READER])
    after = write_dump(tmp_path / "a.txt", [READER] + [evil] * 3)
    done = run("diff", "--max-growth", "0", "--format", "junit", before, after)
    root = ElementTree.fromstring(done.out)
    assert len(root.findall(".//testcase")) == 2 and b"\x1b" not in done.out


def test_only_one_side_is_standard_input(run, dumps):
    assert run("diff", dumps[12], "-", stdin=dumps[16].read_bytes()).status == 0
    done = run("diff", "-", "-")
    assert done.status == 1 and "standard input" in done.err


def test_what_cannot_be_read_is_named(run, dumps, tmp_path):
    (tmp_path / "page.html").write_text("<!doctype html><title>Log in</title>")
    done = run("diff", dumps[12], tmp_path / "page.html")
    assert done.status == 1 and "page.html" in done.err
