# SPDX-License-Identifier: Apache-2.0
"""What both READMEs promise is what the program and the repository have."""

import re
import subprocess

import pytest

from conftest import ROOT

READMES = ["README.md", "README.zh-CN.md"]
BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(params=READMES)
def readme(request):
    return (ROOT / request.param).read_text()


def blocks(text):
    """Code blocks as lists of lines; what comes behind a # is in the reader's language."""
    return [[re.sub(r"\s+#.*", "", line) for line in block.splitlines()]
            for block in BLOCK.findall(text)]


def prose(text):
    return BLOCK.sub("", text)


def commands(text):
    """Every call of parkwatch: (command, its flags)."""
    calls = [part for block in blocks(text) for line in block
             for part in re.split(r"[|&]+", line)]
    calls += re.findall(r"`([^`\n]+)`", prose(text))
    words = [call.removeprefix("$").split() for call in calls]
    return [(call[1], [word for word in call[2:] if re.match(r"--?[a-zA-Z]", word)])
            for call in words if len(call) > 1 and call[0] == "parkwatch"]


def table(text, heading):
    """The rows of the table that stands behind a heading."""
    section = re.split(rf"^#+ {heading}$", text, flags=re.MULTILINE)[1]
    rows = section.strip().partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def flags(binary, *command):
    done = subprocess.run([binary, *command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    usage = done.stdout.partition("Flags:")[2]
    names = re.findall(r"^\s+(?:(-\w), )?(?:--(\[no-\])?([a-z0-9-]+))?", usage, re.MULTILINE)
    return {short for short, _, _ in names if short} | {f"--{name}" for _, _, name in names if name}


def test_each_command_and_flag_exists(binary, readme):
    found = commands(readme)
    assert {"collect", "analyze", "show", "diff", "verify", "report", "config"} <= \
        {command for command, _ in found}
    for command, given in found:
        missing = {flag.split("=")[0] for flag in given} - flags(binary, command)
        assert not missing, f"parkwatch {command}: {missing}"


def test_each_flag_in_the_text_exists_somewhere(binary, readme):
    top = subprocess.run([binary, "--help"], capture_output=True, text=True).stdout
    names = re.findall(r"^  ([a-z]+)  ", top.partition("Commands:")[2], re.MULTILINE)
    known = flags(binary).union(*(flags(binary, name) for name in names))
    named = set(re.findall(r"`(--?[a-z][a-z0-9-]*)`", prose(readme)))
    assert named and not named - known


def test_each_make_target_exists(readme):
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"(?:^|`)make ([a-z-]+)", readme, re.MULTILINE)
    assert {"demo", "test"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_each_relative_link_leads_somewhere(readme):
    links = [link for link in re.findall(r"\]\(([^)]+)\)", readme) if "://" not in link]
    missing = [link for link in links if not (ROOT / link.partition("#")[0]).exists()]
    assert links and not missing


def test_both_show_the_same(binary):
    english, chinese = ((ROOT / name).read_text() for name in READMES)
    assert blocks(english) == blocks(chinese)
    for pattern in [r"^(#+) ", r"^\| *(---)", r"^(- )", r"^\|.*?(\|)$"]:  # headings, tables, lists
        assert re.findall(pattern, english, re.MULTILINE) == \
            re.findall(pattern, chinese, re.MULTILINE), pattern
    # The links to each other differ; all else leads to the same place, and is named the same.
    links = [set(re.findall(r"\]\(([^)]+)\)", text)) for text in (english, chinese)]
    assert links[0] ^ links[1] == set(READMES)
    code = [set(re.findall(r"`([^`\n]+)`", prose(text))) for text in (english, chinese)]
    assert code[0] == code[1]


def test_the_exit_status_table_is_that_of_the_help(binary):
    top = subprocess.run([binary, "--help"], capture_output=True, text=True).stdout
    section = top.partition("Exit status:\n")[2].partition("\n\n")[0]
    told = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in section.splitlines()]
    english = [[status, meaning.replace("`", "")] for status, meaning in
               table((ROOT / READMES[0]).read_text(), "Exit status")]
    assert english == told
    chinese = table((ROOT / READMES[1]).read_text(), "退出状态")
    assert [row[0] for row in chinese] == [row[0] for row in told]
