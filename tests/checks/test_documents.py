"""The examples of docs/check.md and docs/guardrails.md: each command gives the output that stands below it.

Example requests are left out of the comparison: the solver is free in what it makes up.
`python -m tests.checks.test_documents` writes the outputs anew.
"""

from __future__ import annotations

import io
import re
import shlex
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path

import pytest

from analyzers.checks.cli.main import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("check.md", "guardrails.md")
_FILE = re.compile(r"^`([\w.-]+)`\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"for example:? .*")
_CONSOLE = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)


def filled(page: str) -> str:
    """The page with what the commands say now."""
    text = (DOCS / page).read_text()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name, content in _FILE.findall(text):
            Path(name).write_text(content)
        return _CONSOLE.sub(lambda found: _told(found[0]), text)


def _told(block: str) -> str:
    return "".join(_run(line) for line in block.splitlines() if line.startswith("$ "))


def _run(line: str) -> str:
    program, *arguments = shlex.split(line.removeprefix("$ "))
    assert program == "analyzer-portal"
    told = io.StringIO()
    with redirect_stdout(told):
        status = main(arguments)
    assert status in {0, 1, 3}
    shown = "\n".join(part.rstrip() for part in told.getvalue().strip().splitlines())
    return f"{line}\n{shown}\n"


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_say_what_the_page_shows(page: str) -> None:
    assert _EXAMPLE.sub("", filled(page)) == _EXAMPLE.sub("", (DOCS / page).read_text())


if __name__ == "__main__":
    for one in PAGES:
        (DOCS / one).write_text(filled(one))
