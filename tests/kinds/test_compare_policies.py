"""manage.py compare_policies."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from analyzers.management.commands import compare_policies


def write(path: Path, *statements: dict[str, Any]) -> str:
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    return str(path)


def allow(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("compare_policies", *arguments, "--seconds", "30", stdout=out)
    return out.getvalue()


def test_text_and_json(tmp_path: Path) -> None:
    files = [write(tmp_path / "a", allow("s3:*")), write(tmp_path / "b", allow("s3:Get*"))]
    lines = run(*files).splitlines()
    assert lines[:2] == ["contains", "The first policy allows all that the second does, and more."]
    assert lines[2].startswith("Only the first allows this: ")
    told = json.loads(run(*files, "--format", "json"))
    assert told["relation"] == "contains"
    assert told["only_second"]["answer"] == "proved"


def test_one_policy_may_come_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a", allow("s3:*"))
    monkeypatch.setattr("sys.stdin", io.StringIO(Path(file).read_text()))
    assert run(file, "-").startswith("equal\n")
    with pytest.raises(CommandError, match="Only one") as wrong:
        run("-", "-")
    assert wrong.value.returncode == 2


def test_what_is_unknown_ends_with_status_1(tmp_path: Path) -> None:
    odd = write(tmp_path / "a", allow("s3:*", Condition={"Resembles": {"aws:SourceVpc": "a"}}))
    with pytest.raises(SystemExit) as ended:
        run(odd, write(tmp_path / "b", allow("s3:*")))
    assert ended.value.code == 1


def test_wrong_use_ends_with_status_2(tmp_path: Path) -> None:
    identity = write(tmp_path / "a", allow("s3:*"))
    resource = write(tmp_path / "b", allow("s3:*", Principal="*"))
    (tmp_path / "c").write_text("{")
    for arguments, message in [
        ((identity, resource), "--policy-type"),
        ((identity, str(tmp_path / "missing")), "cannot be read"),
        ((identity, str(tmp_path / "c")), "line 1"),
    ]:
        with pytest.raises(CommandError, match=message) as wrong:
            run(*arguments)
        assert wrong.value.returncode == 2
    assert run(identity, resource, "--policy-type", "RESOURCE_POLICY").splitlines()[0] in {
        "equal",
        "overlapping",
        "within",
    }


def test_the_module_says_what_it_is_for() -> None:
    assert "does one policy allow" in str(compare_policies.__doc__)
