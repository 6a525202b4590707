# SPDX-License-Identifier: Apache-2.0
"""report: the page, the summary, the postmortem."""

import base64
import hashlib
import html.parser
import re

import pytest

from dumps import SENDER, goroutine, service, write_dump


@pytest.fixture
def dump(tmp_path):
    return write_dump(tmp_path / "dump.txt", service(60))


class Page(html.parser.HTMLParser):
    """Tags in order, and whether each that needs one has its end."""

    VOID = {"meta", "br", "path", "circle", "rect"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def page_of(run, *inputs):
    done = run("report", *inputs)
    assert done.status == 0, done
    return done.out.decode()


def test_page_needs_nothing_else_and_runs_nothing(run, dump):
    text = page_of(run, dump)
    page = Page(text)
    assert not [tag for tag, _ in page.tags
                if tag in ("script", "link", "img", "iframe", "object", "embed", "form", "base")]
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert not re.match(r"\s*(\w+:|//)", attributes.get("href", "#"))
    assert "url(" not in text and "@import" not in text


def test_policy_names_the_style_sheet_by_its_digest(run, dump):
    text = page_of(run, dump)
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text


def test_page_answers_and_ids_are_unique(run, dump):
    text = page_of(run, dump)
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    words = " ".join(page.text)
    for wanted in ("Where", "How fast", "Since when", "When it hurts", "gateway/fanout.go:88"):
        assert wanted in words


def test_same_input_same_bytes(run, dump):
    assert page_of(run, dump) == page_of(run, dump)


def test_hostile_text_stays_text(run, tmp_path):
    evil = goroutine("select, 20 minutes",
                     [("main.</title></style></script><script>alert(1)</script>", "/src/\u202e\"><b>.go", 1)])
    text = page_of(run, write_dump(tmp_path / "evil.txt", [evil] * 50))
    assert "<script" not in text and "<b>" not in text and "\u202e" not in text
    Page(text)


def test_five_lines_answer(run, dump):
    lines = run("report", "--format", "text", dump).out.decode().splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["what", "where", "rate", "since", "hurts"]
    assert "confirmed" not in lines[0]
    assert "fanout.go:88" in lines[1]
    assert len(lines) <= 40 and max(map(len, lines)) <= 80


def test_postmortem_links_to_the_source(run, dump):
    done = run("report", "--template", "postmortem", "--source-root", "/src/shop/",
               "--source-url", "https://host/blob/main/{file}#L{line}", dump)
    text = done.out.decode()
    assert done.status == 0
    assert "(https://host/blob/main/gateway/fanout.go#L88)" in text
    for part in ("Impact", "Timeline", "Site", "Evidence", "Cause", "Fix", "Before and after"):
        assert f"\n## {part}\n" in text


@pytest.mark.parametrize("url", ["javascript:{file}", "https://host/", "https://host/{file} x"])
def test_source_urls_are_checked(run, dump, url):
    done = run("report", "--template", "postmortem", "--source-url", url, dump)
    assert done.status == 1 and "--source-url" in done.err and not done.out


def test_hostile_paths_cannot_leave_their_link(run, tmp_path):
    evil = goroutine("chan send, 20 minutes", [("main.x", "/src/a)[y](javascript:1)`|.go", 1)])
    done = run("report", "--template", "postmortem", "--source-url", "https://host/{file}",
               write_dump(tmp_path / "evil.txt", [evil] * 50))
    text = done.out.decode()
    assert "https://host/src/a%29%5By%5D%28javascript%3A1%29%60%7C.go)" in text
    assert "](javascript" not in text


def test_output_file_is_whole_and_private(run, dump, tmp_path):
    target = tmp_path / "report.html"
    done = run("report", "-o", target, dump)
    assert done.status == 0 and not done.out
    assert target.read_text() == page_of(run, dump)
    assert target.stat().st_mode & 0o777 == 0o600


def test_an_output_that_cannot_be_written_is_an_error(run, dump, tmp_path):
    done = run("report", "-o", tmp_path / "none" / "report.html", dump)
    assert done.status == 1 and "none" in done.err


def test_a_report_does_not_overwrite_what_it_is_made_from(run, dump):
    before = dump.read_bytes()
    done = run("report", dump, "-o", dump)
    assert done.status == 1
    assert "what it is made from" in done.err
    assert dump.read_bytes() == before
