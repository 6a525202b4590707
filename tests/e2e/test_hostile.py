# SPDX-License-Identifier: Apache-2.0
"""Hostile targets: each ends within its deadline and cap, says what was wrong, and leaves the
other targets untouched."""

import contextlib
import json

import pytest

from hostile import server as hostile
from hostile.pprof import Program
from hostile.server import Server

DUMP = "/debug/pprof/goroutine"
ONE = ["--snapshots", "1", "--max-bytes", "1Mi"]
HASTY = [*ONE, "--fetch-deadline", "2s", "--fetch-connect", "1s", "--fetch-first-byte", "1s",
         "--fetch-idle", "1s"]

# behaviour, reason in errors.jsonl, part of the message, is a part of the body kept?
BEHAVIOURS = [
    (hostile.silent, "timeout_first_byte", "no answer within 1 s", False),
    (hostile.trickle, "timeout_total", "not complete within 2 s", False),
    (hostile.stall, "timeout_idle", "stopped sending", False),
    (hostile.endless, "too_big", "larger than 1048576 bytes", True),
    (hostile.bomb, "too_big", "larger than 1048576 bytes", True),
    (hostile.reset, "reset", "", False),
    (hostile.too_short, "wrong_length", "", False),
    (hostile.bad_chunks, "wrong_length|reset", "", False),
    (hostile.redirect, "redirect", "169.254.169.254", False),
    (hostile.unauthorized, "unauthorized", "401", False),
    (hostile.unknown_profile, "no_profile", "does not have this profile", False),
    (hostile.oops, "http_status", "500", False),
    (hostile.login_page, "unexpected", "HTML", False),
    (hostile.not_http, "not_http", "", False),
    (hostile.endless_headers, "headers_too_big", "headers larger", False),
]


def name_of(value):
    return getattr(value, "__name__", None)


@pytest.mark.parametrize("behave, reason, says, kept", BEHAVIOURS,
                         ids=[name_of(row[0]) for row in BEHAVIOURS])
def test_one_hostile_profile_costs_only_itself(run, behave, reason, says, kept):
    """The dump is hostile, everything else of the same target is fine, and so is a neighbour."""
    with Server(hostile={DUMP: behave}) as bad, Server() as fine:
        done = run("collect", *HASTY, bad.url, fine.url, timeout=30)
        assert done.status == 2, done
        assert done.seconds < 8
        errors = done.errors()
        assert {error["target"] for error in errors} == {bad.name}
        error = errors[0]
        assert error["artifact"].startswith("goroutine"), error
        assert error["reason"] in reason.split("|"), error
        assert says in error["error"], error
        assert error["error"] in done.err or error["target"] in done.err
        ticks = {tick["target"]: tick for tick in done.lines("tick")}
        assert ticks[fine.name]["status"] == "ok"
        assert ticks[fine.name]["dumped"] == 7
        members = done.members()
        dumps = [name for name in members if name.endswith("goroutine.txt.gz")]
        assert any(fine.name.replace(":", "-") in name for name in dumps)
        done.check_sums()
        assert all(len(body) < 2 << 20 for body in members.values())
        if kept:
            assert ticks[bad.name]["status"] == "cut"


@pytest.mark.parametrize("behave", [row[0] for row in BEHAVIOURS], ids=name_of)
def test_a_target_that_is_hostile_everywhere_gives_nothing(run, behave):
    with Server(hostile={"*": behave}) as bad:
        done = run("collect", *HASTY, bad.url, timeout=60)
        assert done.status == 3, done
        assert done.seconds < 25
        assert done.errors(), done
        assert "nothing collected" in done.err
        assert done.lines("tick")[0]["status"] == "failed"
        done.check_sums()


def test_nobody_listens(run):
    with Server() as gone:
        url = gone.url
    done = run("collect", *HASTY, url)
    assert done.status == 3
    assert [error["reason"] for error in done.errors()] == ["refused"]
    assert done.lines("tick")[0]["status"] == "failed"


def test_a_name_without_address(run):
    done = run("collect", *HASTY, "http://no-such-host.invalid:6060")
    assert done.status == 3
    assert done.errors()[0]["reason"] == "unresolved"


def test_a_connection_that_never_completes(run):
    listener, fillers = hostile.slow_connect_listener()
    with contextlib.closing(listener):
        done = run("collect", *HASTY, "http://127.0.0.1:%d" % listener.getsockname()[1])
        assert done.status == 3
        assert done.seconds < 5
        assert done.errors()[0]["reason"] == "timeout_connect"
    for filler in fillers:
        filler.close()


def test_a_dump_cut_at_64_mib_is_recognised(run):
    with Server(hostile={DUMP: hostile.cut_at_64_mib}) as bad:
        done = run("collect", "--snapshots", "1", bad.url, timeout=120)
        tick = done.lines("tick")[0]
        assert tick["status"] == "cut"
        assert tick["dumped"] > 300_000
        assert tick["groups"][0]["count"] > 300_000


def test_a_body_longer_than_its_length_is_a_cut_dump(run):
    with Server(hostile={DUMP: hostile.too_long}) as bad:
        done = run("collect", *HASTY, bad.url)
        tick = done.lines("tick")[0]
        assert tick["status"] in ("ok", "cut")
        assert tick["dumped"] >= 6


def test_a_process_that_changes_between_two_rounds_gets_a_new_number(run):
    program = Program(leaked=400, first_id=5000)
    rounds = []

    def dump(connection, server):
        body = server.program.dump()
        connection.sendall(hostile.good(b"200 OK", body))
        rounds.append(1)
        if len(rounds) == 2:
            server.program.restart()

    with Server(program, hostile={DUMP: dump}) as target:
        done = run("collect", "--snapshots", "4", "--interval", "0.3s", target.url)
        numbers = [tick["process"] for tick in done.lines("tick")]
        # The process ended between the second dump and what was asked after it.
        assert numbers == [1, 1, 2, 2], done
        starts = {line["process"]: line["start"] for line in done.lines("process")}
        assert starts[1] < starts[2]
        second = done.lines("tick")[1]
        assert not second["contention"], "block and mutex are the next process's"
        contention = done.lines("tick")[2]["contention"]
        assert all(row["count"] < 100 for row in contention)


def test_ids_that_begin_again_are_a_new_process_without_metrics(run):
    program = Program(leaked=50, first_id=50_000, metrics=False)
    rounds = []

    def dump(connection, server):
        connection.sendall(hostile.good(b"200 OK", server.program.dump()))
        rounds.append(1)
        if len(rounds) == 1:
            server.program.first_id = 20

    with Server(program, hostile={DUMP: dump}) as target:
        done = run("collect", "--snapshots", "2", "--interval", "0.2s", "--profiles", "goroutine",
                   target.url)
        assert done.status == 0, done
        assert [tick["process"] for tick in done.lines("tick")] == [1, 2]


def test_text_of_a_target_never_reaches_a_sink_unescaped(run):
    label = '"tenant":"\x1b]0;owned\x07</script><script>alert(1)</script>\u202e"'

    def dump(connection, server):
        body = server.program.dump().replace(b"main.leak(", "main.\x1b[31mleak</script>(".encode())
        connection.sendall(hostile.good(b"200 OK", body))

    with Server(Program(leaked=200, label=label), hostile={DUMP: dump}) as target:
        done = run("collect", "--snapshots", "2", "--interval", "0.2s", target.url)
        members = done.members()
        shown = done.out.decode() + done.err + members["report.txt"].decode()
        assert "\x1b" not in shown and "\u202e" not in shown and "\x07" not in shown
        html = members["report.html"].decode()
        assert "<script" not in html and "\x1b" not in html
        for name in ("findings.json", "manifest.json", "errors.jsonl"):
            assert b"\x1b" not in members[name]
        json.loads(members["findings.json"])


def test_many_hostile_targets_do_not_slow_each_other_down(run):
    """Forty silent ones and one that is fine: the deadlines run side by side."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(Server(hostile={"*": hostile.silent})) for _ in range(40)]
        fine = stack.enter_context(Server())
        done = run("collect", *HASTY, *[server.url for server in silent], fine.url, timeout=60)
        assert done.status == 2
        assert done.seconds < 8
        assert {tick["status"] for tick in done.lines("tick") if tick["target"] == fine.name} == {"ok"}
        assert len({error["target"] for error in done.errors()}) == 40
