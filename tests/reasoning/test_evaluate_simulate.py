"""JSON lines in, JSON lines out: `manage.py simulate` and what is behind it. No database."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analyzers.reasoning import simulate
from analyzers.reasoning.simulate import Engine, answers, lines_of

ROOT = Path(__file__).resolve().parents[2]
GOOD: dict[str, Any] = {
    "id": "a",
    "policies": {
        "identity": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}]
    },
    "request": {
        "principal": "arn:aws:iam::111111111111:user/bob",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "resourceAccount": "111111111111",
        "context": {},
    },
}


def line(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode() + b"\n"


def asking(**changes: Any) -> bytes:
    return line(request={**GOOD["request"], **changes})


def ask(text: bytes, engine: Engine = Engine.BOTH) -> dict[str, Any]:
    (told,) = answers([text], engine)
    return told


def test_an_answer() -> None:
    assert ask(line()) == {
        "id": "a",
        "decision": "allow",
        "solver": "allow",
        "kind": None,
        "reason": "Allowed by statement 0 of the caller's policy.",
        "statements": [{"document": "identity", "statement": 0, "sid": "", "effect": "Allow"}],
        "assumptions": [],
    }


def test_who_answers() -> None:
    assert "solver" not in ask(line(), Engine.CONCRETE)
    told = ask(line(), Engine.SOLVER)
    assert (told["decision"], told["solver"], told["kind"]) == ("allow", "allow", None)


@pytest.mark.parametrize("identifier", ["x", "", 7, 3.5, -1, None])
def test_an_id_comes_back_as_it_was(identifier: Any) -> None:
    assert ask(line(id=identifier))["id"] == identifier


def test_what_is_left_out_is_not_there() -> None:
    request = {key: GOOD["request"][key] for key in ("principal", "action", "resource")}
    assert ask(json.dumps({"request": request}).encode())["decision"] == "deny"


def test_values_of_the_context_may_be_numbers_and_truths() -> None:
    condition = {"NumericLessThan": {"s3:max-keys": 10}, "StringEquals": {"aws:SecureTransport": "true"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    policies = {"identity": [{"Version": "2012-10-17", "Statement": statement}]}
    context = {"s3:max-keys": 9.5, "aws:SecureTransport": True}
    text = line(policies=policies, request={**GOOD["request"], "context": context})
    assert ask(text)["decision"] == "allow"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "ends too early"),
        (b"[]", "a line is a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "levels of nesting"),
        (b'{"id": NaN}', "not NaN or Infinity"),
        (b'{"request": {"action": 1, "action": 2}}', "occurs twice"),
        (line(polices={}), "the line has no element 'polices'"),
        (line(policies=[1]), "policies must be an object"),
        (line(policies={"identity": [1]}), "identity[0]"),
        (line(policies={"acl": [{"grantee": "AllUsers", "permission": "OWN"}]}), "unknown permission"),
        (line(request=None), "request must be an object"),
        (asking(princpal="x"), "request has no element 'princpal'"),
        (asking(principal=""), "request.principal must be a text"),
        (asking(principal=1), "request.principal must be a text"),
        (asking(principal="bob"), "request.principal must be an ARN"),
        (asking(principal="arn:aws:iam"), "request.principal must be a whole ARN"),
        (asking(principal="arn:aws:iam::111111111111:user/*"), "request.principal must be a whole ARN"),
        (asking(action="GetObject"), "request.action must be one action"),
        (asking(action="s3:*"), "request.action must be one action"),
        (asking(resource=None), "request.resource must be a text"),
        (asking(resourceAccount="1"), "request.resourceAccount must be"),
        (asking(context=[]), "request.context must be an object"),
        (asking(context={"a": None}), "the value of 'a' must be"),
        (asking(context={"a": {"b": "c"}}), "the value of 'a' must be"),
        (asking(context={"aws:x": "1", "AWS:X": "2"}), "a key in two spellings"),
    ],
)
def test_a_malformed_line_says_what_is_wrong(text: bytes, message: str) -> None:
    told = ask(text)
    assert set(told) == {"id", "error"}
    assert message in told["error"]
    assert len(told["error"]) < 500


def test_a_malformed_line_keeps_its_id_and_the_others_their_answers() -> None:
    told = list(answers([line(id=1), b"\n", line(id=2, request=1), line(id=3)]))
    assert [(one["id"], one.get("decision")) for one in told] == [(1, "allow"), (2, None), (3, "allow")]


def test_a_line_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "MAX_LINE", 1000)
    file = io.BytesIO(b"{" + b" " * 5000 + b"}\n" + line())
    told = list(answers(lines_of(file)))
    assert told[0]["error"] == "a line has at most 1,000 bytes"
    assert told[1]["decision"] == "allow"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(line() + line(id="b"))
    call_command("simulate", str(path))
    assert [json.loads(text)["id"] for text in capsys.readouterr().out.splitlines()] == ["a", "b"]


def test_the_command_fails_in_the_end_if_a_line_was_malformed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(b"oops\n" + line())
    with pytest.raises(SystemExit) as ended:
        call_command("simulate", "--engine", "concrete", str(path))
    assert ended.value.code == 1
    first, second = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert (first["id"], second["decision"]) == (None, "allow")


def test_a_reader_that_leaves_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(line() * 2000)
    command = [sys.executable, str(ROOT / "manage.py"), "simulate", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["decision"] == "allow"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("simulate", str(tmp_path / "missing"))
    assert caught.value.returncode == 2
