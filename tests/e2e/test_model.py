# SPDX-License-Identifier: Apache-2.0
"""model: the calculator. Its whole output is in tests/golden/model; here is what must hold of it."""

import json
import math

import pytest

INCIDENT = ("--lambda", "1.2", "--alpha", "8.3e-6", "--q0", "12000", "--goroutines", "180000",
            "--qps", "2040", "--minutes", "17")
LAW = ("--lambda", "0.04", "--alpha", "8.3e-6", "--q0", "480")


def calculated(run, *arguments):
    done = run("model", *arguments, "--format", "json")
    assert done.status == 0 and not done.err, done
    return json.loads(done.out)


def text(run, *arguments):
    """What is said, in one line."""
    done = run("model", *arguments)
    assert done.status == 0 and not done.err, done
    return " ".join(done.out.decode().split())


def test_the_incident_is_told_to_contradict_itself(run):
    said = text(run, *INCIDENT, "--memory", "4.2GB")
    for words in ["These figures contradict each other: the time told is 25.0 times what they give",
                  "17 min (1,020 s) told, 40.85 s computed: factor 25.0",
                  "half after 8.37 s", "213,489 needed for 17 % of Q0", "with alpha 9.84e-6",
                  "with 0.0481 the QPS is at 17 %", "at least 2,080,800 requests",
                  "2,496,960 goroutines take at least 4.76 GiB", "22.8 KiB per goroutine",
                  "sum over 25 replicas", "each stays for 73.5 s",
                  "parkwatch show --min-age 4m dump.txt"]:
        assert words in said, words


def test_the_numbers_are_those_of_the_text(run):
    answer = calculated(run, *INCIDENT)
    assert answer["fit"] == "contradiction"
    checks = {check["check"]: check for check in answer["checks"]}
    assert checks["time"]["computed"] == pytest.approx(40.85, abs=0.01)
    assert checks["time"]["factor"] == pytest.approx(24.97, abs=0.01)
    assert answer["law"]["share_told"]["goroutines"] == 213489
    assert [repair["repair"] for repair in answer["repairs"]] == ["lambda", "replicas", "backlog"]
    assert answer["seen"]["requests"] == pytest.approx(4.44e6, rel=1e-3)


@pytest.mark.parametrize("seconds, fit", [(1, "consistent"), (1.09, "consistent"),
                                          (1.3, "close"), (2, "contradiction"),
                                          (0.6, "contradiction")])
def test_the_sentence_comes_from_the_numbers(run, seconds, fit):
    """Figures that this test has from the law, but for a stretched time."""
    told = 1020
    x = 0.04 * 8.3e-6 * 12000 * told
    figures = ("--lambda", "0.04", "--alpha", "8.3e-6", "--q0", "12000", "--qps", 12000 / (1 + x),
               "--goroutines", math.log1p(x) / 8.3e-6, "--minutes", seconds * told / 60)
    answer = calculated(run, *figures)
    assert answer["fit"] == fit
    said = text(run, *figures)
    assert {"consistent": "These figures fit together, within 10 %.",
            "close": "These figures nearly fit together",
            "contradiction": "These figures contradict each other"}[fit] in said
    assert bool(answer["repairs"]) == (fit == "contradiction")
    assert calculated(run, *figures, "--tolerance", "100%")["fit"] == "consistent"


@pytest.mark.parametrize("arguments, words", [
    (("--lambda", "0.04"), "0.04 goroutines per request"),
    (("--lambda", "0.04", "--q0", "480"), "at first 19.2 leaked goroutines per second"),
    (("--alpha", "8.3e-6"), "half at 83,512 goroutines"),
    (("--goroutines", "180000"), "at least 352 MiB for the stacks alone"),
    (("--goroutines", "180000", "--memory", "1Mi"), "impossible, a stack takes 2 KiB"),
    (("--goroutines", "180000", "--minutes", "17"), "176 goroutines per second on average"),
    (("--lambda", "1.2", "--qps", "2040", "--goroutines", "180000"), "73.5 s for each goroutine"),
    (("--q0", "100", "--qps", "50", "--minutes", "5"), "20,794 in 5 min"),
    (("--mu", "0.01"), "100 s on average until a leaked goroutine ends"),
])
def test_few_figures_give_what_they_can(run, arguments, words):
    said = text(run, *arguments)
    assert words in said
    assert "Not told, and what it would be good for" in said
    missing = {item["flag"] for item in calculated(run, *arguments)["missing"]}
    given = {word for word in arguments if word.startswith("--")}
    assert not missing & given
    assert missing | given >= {"--lambda", "--alpha", "--q0", "--qps", "--goroutines", "--minutes"}
    assert "nan" not in said and "inf" not in said.replace("info", "")


@pytest.mark.parametrize("mu, never", [(0.000114, False), (0.000116, True)])
def test_never_begins_at_its_mu(run, mu, never):
    share = calculated(run, *LAW, "--mu", mu, "--share", "50%")["what_if"]["share"]
    assert share["never"] is never and (share["seconds"] is None) is never
    assert share["mu_that_stops"] == pytest.approx(0.04 * 480 * 8.3e-6 / (2 * math.log(2)), rel=1e-4)
    assert ("never" in text(run, *LAW, "--mu", mu, "--share", "0.5")) is never


def test_at_rest_as_many_end_as_leak(run):
    rest = calculated(run, *LAW, "--mu", "0.001")["law"]["at_rest"]
    assert rest["goroutines"] * 0.001 == pytest.approx(rest["qps"] * 0.04, rel=1e-4)


def test_a_fix_of_nine_tenths_takes_ten_times_as_long(run):
    by_share = calculated(run, *LAW, "--fix-share", "0.9")["what_if"]["fix"]
    by_lambda = calculated(run, *LAW, "--fixed-lambda", "0.004")["what_if"]["fix"]
    assert by_share["after"]["seconds"] == pytest.approx(10 * by_share["before"]["seconds"], 1e-4)
    assert by_share == by_lambda
    assert "never with it" in text(run, *LAW, "--fix-share", "100%")


def test_limits_of_goroutines_and_memory(run):
    answer = calculated(run, *LAW, "--goroutine-limit", "65536", "--limit", "512Mi",
                        "--goroutine-bytes", "8Ki")["what_if"]
    assert answer["memory_limit"]["goroutines"] == 65536
    assert answer["memory_limit"]["seconds"] == answer["goroutine_limit"]["seconds"]
    assert answer["goroutine_limit"]["requests"] == pytest.approx(65536 / 0.04)


@pytest.mark.parametrize("arguments, rows", [(("--table",), 11), (("--table", "4"), 5),
                                             (("--table=20", "--share", "10%"), 21)])
def test_the_table_begins_without_a_leak_and_falls(run, arguments, rows):
    table = calculated(run, *LAW, *arguments)["table"]
    assert len(table) == rows
    assert table[0]["goroutines"] == 0 and table[0]["share"] == 1
    for before, after in zip(table, table[1:]):
        assert after["qps"] < before["qps"] and after["goroutines"] > before["goroutines"]
        assert after["requests"] * 0.04 == pytest.approx(after["goroutines"], rel=1e-4)
    printed = run("model", *LAW, *arguments).out.decode()
    assert printed.count(" %  ") >= rows


@pytest.mark.parametrize("arguments, words", [
    ((), "model needs figures"),
    (("--share", "50%"), "model needs figures"),
    (("--lamda", "1"), "unknown flag --lamda; nearest known: --lambda"),
    (("--goroutine", "1"), "nearest known: --goroutines"),
    (("--lambda", "-1"), "--lambda: -1 is out of range"),
    (("--lambda", "0"), "--lambda: 0 is out of range"),
    (("--lambda", "nan"), '--lambda: "nan" is not a number'),
    (("--alpha", "inf"), '--alpha: "inf" is not a number'),
    (("--alpha", "2"), "--alpha: 2 is out of range: from 0 to 1"),
    (("--q0", "1e999"), '--q0: "1e999" is not a number'),
    (("--q0", "12,000"), '--q0: "12,000" is not a number'),
    (("--minutes", "17m"), '--minutes: "17m" is not a number'),
    (("--minutes", "1e12"), "--minutes: 1e12 is out of range"),
    (("--share", "1.5"), "--share: 1.5 is out of range"),
    (("--share", "0"), "--share: 0 is out of range"),
    (("--memory", "4.2GX"), '--memory: "4.2GX" is not a size'),
    (("--table", "0"), "--table: 0 is out of range: from 1 to 1000"),
    (("--table", "many"), '"many" is one argument too many'),
    (("--format", "xml"), '--format: "xml" is none of text|json'),
    (("--qps", "12000", "--q0", "12000"), "--qps 12000 is not below --q0 12000"),
    (("--lambda", "1", "--fixed-lambda", "2"), "--fixed-lambda 2 is above --lambda 1"),
    (("--lambda", "1", "--fixed-lambda", "0.1", "--fix-share", "0.9"), "give one of them"),
    (("--lambda", "1", "--goroutine-bytes", "8Ki"), "--goroutine-bytes"),
    (("--lambda", "1", "--lambda", "2"), "--lambda is given twice"),
    (("--lambda",), "--lambda needs a value"),
])
def test_wrong_figures_are_named(run, arguments, words):
    done = run("model", *arguments)
    assert done.status == 1 and words in done.err and not done.out, done
    assert "parkwatch model --help" in done.err or "unknown" not in done.err


def test_extreme_figures_stay_figures(run):
    said = text(run, "--lambda", "1e6", "--alpha", "1", "--q0", "1e9", "--mu", "1e-12", "--qps",
                "1e-6", "--goroutines", "1e12", "--minutes", "5259600", "--share", "1e-6",
                "--goroutine-limit", "1e12", "--limit", "4Ti", "--fix-share", "0.5", "--table")
    assert "nan" not in said and "inf" not in said


def test_help_man_page_and_completion_know_it(run):
    help_text = run("model", "--help").out.decode()
    assert "parkwatch model --lambda 1.2" in help_text and "--table [N]" in help_text
    assert b"parkwatch model" in run("config", "man").out
    assert b"--fix-share" in run("completion", "bash").out
    assert run("model", "--help").status == 0
