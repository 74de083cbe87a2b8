"""`analyzer-portal check …`: exit status and formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from analyzer_portal import bootstrap
from analyzers.checks import custom, validating
from analyzers.checks.cli.main import LEVELS, SECONDS, main
from analyzers.checks.cli.output import FORMATS
from analyzers.checks.cli.output.markdown import plain
from tests.shared import conformance

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


# -- what is documented, and what is hostile -----------------------------------------------------------------------

SAMPLES = conformance("custom_policy_check_samples.json")
CASES = [one for one in conformance("tricky_cases.json") if not isinstance(one, dict) or one.get("area") == "checks"]
STATUS = {"pass": 0, "fail": 1}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one["id"])
def test_documented_samples(files: Path, capsys: pytest.CaptureFixture[str], sample: dict[str, Any]) -> None:
    (files / "reference.json").write_text(json.dumps(sample["reference"]))
    (files / "candidate.json").write_text(json.dumps(sample["candidate"]))
    kind = ["--policy-type", sample["policy_type"], "--no-mends"]
    status, out = run(capsys, "check", "no-new-access", "--reference", "reference.json", "candidate.json", *kind)
    assert status == STATUS[sample["expected"].lower()], out


@pytest.mark.parametrize("case", CASES, ids=lambda one: one["id"])
def test_documented_cases(files: Path, capsys: pytest.CaptureFixture[str], case: dict[str, Any]) -> None:
    check, policies = case["check"], case["policies"]
    (files / "p.json").write_text(json.dumps(policies.get("new") or policies.get("policy")))
    (files / "reference.json").write_text(json.dumps(policies.get("existing") or {}))
    access = check.get("access") or [{}]
    arguments = {
        "CheckNoNewAccess": ["no-new-access", "--reference", "reference.json"],
        "CheckAccessNotGranted": [
            "access-not-granted",
            *(f"--{name}={','.join(values)}" for name, values in access[0].items()),
        ],
        "CheckNoPublicAccess": ["no-public-access", "--resource-type", check.get("resourceType", "")],
    }[check["type"]]
    status, out = run(capsys, "check", *arguments, "p.json", "--no-mends")
    assert status == STATUS[case["expected"]], (case["why"], out)


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
HEAD = "Resources:\n  A:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      PolicyDocument: "


@pytest.mark.parametrize(
    "text",
    [
        f"{BOMB}{HEAD}*a11\n",
        f"{HEAD}&a [*a]\n",
        HEAD + "{a: " * 3000 + "x" + "}" * 3000 + "\n",
        HEAD + "[" * 100_000 + "\n",
        f"{HEAD}!!python/object/apply:os.system [exit]\n? [\n",
        '{"Resources": {"A": {"Type": "AWS::SQS::QueuePolicy", "Properties": ' + '{"a":' * 5000,
        '{"Statement": ' + "[" * 50_000,
        HEAD + "x\n" + "#" + "x" * (4 * 1024 * 1024 + 1),
    ],
    ids=["bomb", "loop", "deep", "brackets", "tag", "json", "policy", "large"],
)
@pytest.mark.parametrize("command", ["check", "fix", "explain"])
def test_hostile_files_are_refused_within_a_second(
    files: Path, capsys: pytest.CaptureFixture[str], text: str, command: str
) -> None:
    (files / "t.yaml").write_text(text)
    check = [] if command == "explain" else ["no-public-access"]
    began = time.process_time()
    status, out = run(capsys, command, *check, "t.yaml")
    assert status == 2, out
    assert "UNREADABLE" in out
    assert time.process_time() - began < 1


# -- many policies, and little to say ------------------------------------------------------------------------------


def test_quiet_tells_only_what_does_not_pass(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "own.json", OWN)
    policy(files / "open.json", OPEN)
    for form in ("text", "markdown"):
        out = run(capsys, "check", "no-public-access", "own.json", "open.json", "--quiet", "--format", form)[1]
        assert ("own.json" in out, "open.json" in out) == (False, True)
    out = run(capsys, "check", "no-public-access", "own.json", "open.json", "--quiet", "--format", "json")[1]
    assert len(json.loads(out)["outcomes"]) == 2


def test_of_many_policies_those_that_pass_are_counted(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "many").mkdir()
    for number in range(60):
        policy(files / "many" / f"p{number:02}.json", OPEN if number < 2 else OWN)
    status, out = run(capsys, "check", "no-public-access", "--no-mends", "many")
    assert status == 1
    assert out.count("PASS ") == 0
    assert out.splitlines()[-1] == "60 policies: 2 failed, 58 passed"


# -- words ---------------------------------------------------------------------------------------------------------


def test_an_example_is_an_action_that_aws_documents_on_what_it_is_made_for(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(files / "p.json", {"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    out = run(capsys, "check", "access-not-granted", "--actions", "iam:attach*", "p.json", "--no-mends")[1]
    assert "Whoever has this policy could call iam:AttachGroupPolicy on arn:aws:iam::111122223333:group/example." in out


def test_a_failure_says_what_the_reference_allows(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "reference.json", OWN | {"Sid": "Bound"})
    policy(files / "open.json", OPEN)
    out = run(capsys, "check", "no-new-access", "--reference", "reference.json", "open.json", "--no-mends")[1]
    assert "Statement 0 (Bound) allows s3:GetObject on arn:aws:s3:::b/* to users and roles of the account" in out


def test_without_an_owner_it_is_asked_who_may_have_access(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "open.json", OPEN)
    assert "--organization" in run(capsys, "check", "no-public-access", "open.json")[1]
    policy(files / "open.json", OPEN | {"Action": "sqs:*", "Resource": "arn:aws:sqs:eu-central-1:111122223333:q"})
    assert "arn:aws:iam::111122223333:root" in run(capsys, "check", "no-public-access", "open.json")[1]


def test_several_mends_are_shown_with_how_to_choose(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "open.json", OPEN)
    owner = ["--organization", "o-a1b2c3d4e5", "--account", "111122223333"]
    first = run(capsys, "check", "no-public-access", "open.json", *owner)[1]
    assert '"aws:PrincipalOrgID": "o-a1b2c3d4e5"' in first
    assert "(--mend 2)" in first
    second = run(capsys, "check", "no-public-access", "open.json", *owner, "--mend", "2")[1]
    assert second != first
    assert "(--mend 1)" in second


# -- the command itself --------------------------------------------------------------------------------------------


def test_levels_and_checks_are_those_that_there_are() -> None:
    assert tuple(validating.ORDER) == LEVELS
    assert custom.SECONDS == SECONDS


def test_it_starts_without_django_a_database_or_the_solver() -> None:
    program = "import sys; from analyzers.checks.cli.main import main; import analyzers.checks.cli.checking"
    told = "print({'django', 'boto3', 'celery', 'z3', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"{program}; {told}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_launcher_runs_and_imports_nothing_of_where_it_is_called(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files / "bin with blank").mkdir()
    (files / "bin with blank" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(bootstrap, "BIN", files / "bin with blank")
    monkeypatch.setattr(bootstrap, "VENV", files)
    bootstrap.make_command()
    bootstrap.make_command()
    (files / "json.py").write_text("raise SystemExit('imported')")
    (files / "z3.py").write_text("raise SystemExit('imported')")
    policy(files / "open.json", OPEN)
    launcher = files / "bin with blank" / "analyzer-portal"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [str(launcher), "check", "no-public-access", "--no-mends", "open.json"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=env)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 policy: 1 failed"), done.stderr


def test_the_package_has_the_command_and_its_data() -> None:
    project = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text())
    assert project["project"]["scripts"]["analyzer-portal"] == "analyzers.checks.cli.main:main"
    patterns = project["tool"]["setuptools"]["package-data"]
    for package in ("analyzers", "findings"):
        folder = bootstrap.ROOT / package
        packed = {path for pattern in patterns[package] for path in folder.glob(pattern)}
        there = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
        assert there <= packed


def test_sarif_has_what_its_readers_need(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "open file.json", OPEN, OWN | {"Action": "s3:NoSuchAction"})
    (files / "broken.json").write_text('{"Statement": [')
    told = json.loads(run(capsys, "guardrail", "baseline", ".", "--format", "sarif")[1])
    assert (told["version"], len(told["runs"])) == ("2.1.0", 1)
    driver = told["runs"][0]["tool"]["driver"]
    assert {one["id"] for one in driver["rules"]} >= {"no-public-access", "INVALID_ACTION"}
    prints = set()
    for result in told["runs"][0]["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        for location in [*result["locations"], *result["relatedLocations"]]:
            place = location["physicalLocation"]
            assert place["artifactLocation"]["uri"] == "open%20file.json"
            assert min(place["region"].values()) >= 1
        prints.add(result["partialFingerprints"]["policy/v1"])
    assert len(prints) == len(told["runs"][0]["results"])
    invocation = told["runs"][0]["invocations"][0]
    assert not invocation["executionSuccessful"]
    assert "broken.json" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_foreign_texts_become_no_links_in_markdown() -> None:
    text = plain("see https://evil.example, www.evil.example and &#64;somebody")
    assert "https:/" not in text
    assert "www.evil" not in text
    assert "&#" not in text.replace("\\&", "")


def test_actions_that_nobody_knows_are_warned_of(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy(files / "own.json", OWN)
    assert main(["check", "access-not-granted", "--actions", "iam:PasRole", "own.json"]) == 0
    assert "'iam:PasRole'" in capsys.readouterr().err
    assert main(["check", "access-not-granted", "--actions", "iam:Pass*", "own.json"]) == 0
    assert capsys.readouterr().err == ""
