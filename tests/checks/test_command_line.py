"""`analyzer-portal check …`: exit status and formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from analyzers.checks.cli.main import main
from analyzers.checks.cli.output import FORMATS
from analyzers.checks.cli.output.markdown import plain

OPEN = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
OWN = OPEN | {"Sid": "Own", "Principal": {"AWS": "111122223333"}}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def policy(path: Path, *statements: Any) -> None:
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(arguments)
    return status, capsys.readouterr().out


def test_status_tells_pass_fail_and_what_cannot_be_read(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "own.json", OWN)
    policy(files / "open.json", OPEN)
    (files / "broken.json").write_text('{"Statement": [')
    assert run(capsys, "check", "no-public-access", "own.json")[0] == 0
    assert run(capsys, "check", "no-public-access", "own.json", "open.json")[0] == 1
    assert run(capsys, "check", "no-public-access", "broken.json")[0] == 2
    assert run(capsys, "check", "no-public-access", "missing.json")[0] == 2


def test_what_could_not_be_decided_has_a_status_of_its_own(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "odd.json", OPEN | {"Condition": {"StringSomething": {"aws:SourceVpc": "vpc-1"}}})
    assert run(capsys, "check", "no-public-access", "odd.json")[0] == 3
    policy(files / "open.json", OPEN)
    assert run(capsys, "check", "no-public-access", "odd.json", "open.json")[0] == 1


def test_a_folder_is_searched_and_other_files_are_passed_over(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "deep" / "er").mkdir(parents=True)
    policy(files / "deep" / "er" / "open.json", OPEN)
    (files / "deep" / "package.json").write_text('{"name": "x"}')
    (files / "deep" / "link.json").symlink_to("/etc/hostname")
    status, out = run(capsys, "check", "no-public-access", "deep")
    assert (status, "1 policy: 1 failed" in out) == (1, True)


def test_each_statement_at_fault_is_told_with_a_request_of_its_own(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(files / "both.json", OWN, OPEN)
    status, out = run(capsys, "check", "access-not-granted", "--actions", "s3:*", "both.json", "--format", "json")
    problems = json.loads(out)["outcomes"][0]["problems"]
    assert status == 1
    assert [(one["statementIndex"], one["statementId"]) for one in problems] == [(0, "Own"), (1, "Open")]
    assert "111122223333" in problems[0]["request"]
    assert "111122223333" not in problems[1]["request"]
    lines = (files / "both.json").read_text().splitlines()
    assert lines[problems[1]["line"] - 1].strip() == '"Principal": "*",'


def test_text_shows_the_line_with_a_caret(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "open.json", OPEN)
    out = run(capsys, "check", "no-public-access", "open.json")[1].splitlines()
    place = next(number for number, line in enumerate(out) if '"Principal": "*"' in line)
    assert out[place + 1].index("^") == out[place].index('"*"')


def test_a_reference_bounds_what_is_allowed(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "reference.json", OWN | {"Action": "s3:*"})
    policy(files / "own.json", OWN)
    policy(files / "open.json", OPEN)
    arguments = ("check", "no-new-access", "--reference", "reference.json")
    assert run(capsys, *arguments, "own.json")[0] == 0
    assert run(capsys, *arguments, "open.json")[0] == 1


@pytest.mark.parametrize("wrong", [["--assume", "x"], ["--policy-type", "X"], ["--format", "x"]])
def test_wrong_use_has_status_2(files: Path, capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    policy(files / "own.json", OWN)
    try:
        status = main(["check", "no-public-access", "own.json", *wrong])
    except SystemExit as error:
        status = int(str(error.code))
    assert status == 2
    assert "analyzer-portal" in capsys.readouterr().err


HOSTILE = 'x"<script>|`@team`::error::\x1b[31m%0A'


@pytest.mark.parametrize("form", FORMATS)
def test_texts_out_of_files_start_nothing_in_any_format(
    files: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    policy(files / "open.json", OPEN | {"Sid": HOSTILE, "Resource": f"arn:aws:s3:::{HOSTILE}/*"})
    status, out = run(capsys, "check", "no-public-access", "open.json", "--format", form)
    assert status == 1
    assert "\x1b" not in out
    if form in {"json", "sarif"}:
        assert json.loads(out)
    if form == "junit":
        assert ElementTree.fromstring(out).get("failures") == "1"
    if form == "github":
        assert all(line.startswith("::error file=open.json,") for line in out.splitlines())
    if form == "markdown":
        assert all("\\<script" in line or "`" in line for line in out.splitlines() if "<script" in line)


def test_sarif_follows_its_structure(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "open.json", OPEN)
    run_of = json.loads(run(capsys, "check", "no-public-access", "open.json", "--format", "sarif")[1])["runs"][0]
    result = run_of["results"][0]
    assert run_of["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "no-public-access"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "open.json"
    assert result["partialFingerprints"]


def test_foreign_texts_become_no_links_in_markdown() -> None:
    text = plain("see https://evil.example, www.evil.example and &#64;somebody")
    assert "https:/" not in text
    assert "www.evil" not in text
    assert "&#" not in text.replace("\\&", "")
