"""manage.py validate_policy."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def write(path: Path, **elements: Any) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **elements}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}, indent=1))
    return str(path)


def run(*arguments: str, ends_with: int = 0) -> str:
    out = io.StringIO()
    arguments = arguments if "--type" in arguments else (*arguments, "--type", "IDENTITY_POLICY")
    if ends_with == 0:
        call_command("validate_policy", *arguments, stdout=out)
    else:
        with pytest.raises(SystemExit) as ended:
            call_command("validate_policy", *arguments, stdout=out)
        assert ended.value.code == ends_with
    return out.getvalue()


def test_a_right_policy_ends_with_status_0(tmp_path: Path) -> None:
    file = write(tmp_path / "p.json")
    assert run(file) == f"{file}: nothing found\n"


def test_suggestions_do_not_stop_a_pipeline_and_errors_and_security_warnings_do(tmp_path: Path) -> None:
    assert "EMPTY_SID_VALUE" in run(write(tmp_path / "a", Sid=""))
    assert "INVALID_ACTION" in run(write(tmp_path / "b", Action="s3:No"), ends_with=1)
    assert "PASS_ROLE" in run(write(tmp_path / "c", Action="iam:PassRole", Resource="*"), ends_with=1)


def test_several_files_are_counted_each(tmp_path: Path) -> None:
    wrong = write(tmp_path / "a", Action=["s3:No", "s3:Nothing"], Sid="")
    right = write(tmp_path / "b")
    lines = run(wrong, right, ends_with=1).splitlines()
    assert lines[-2:] == [f"{wrong}: 2 errors, 1 suggestion", f"{right}: nothing found"]


def test_json_is_in_the_shape_of_the_api(tmp_path: Path) -> None:
    file = write(tmp_path / "a", Action="s3:No")
    (told,) = json.loads(run(file, "--json", ends_with=1))
    assert told["path"] == file
    assert told["findings"][0].keys() == {"findingDetails", "findingType", "issueCode", "learnMoreLink", "locations"}


def test_the_type_of_the_resource_is_heeded(tmp_path: Path) -> None:
    file = write(tmp_path / "a", Principal={"AWS": "111122223333"}, Action="kms:Decrypt")
    arguments = (file, "--type", "RESOURCE_POLICY")
    assert run(*arguments).endswith("nothing found\n")
    assert "UNSUPPORTED_ACTION_IN_POLICY" in run(*arguments, "--resource-type", "AWS::S3::Bucket", ends_with=1)


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("{"))
    assert run("-", ends_with=1).startswith("standard input:1:2: ERROR JSON_SYNTAX_ERROR: ")


def test_wrong_use_and_unreadable_files_end_with_status_2(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read") as unreadable:
        run(str(tmp_path / "none"))
    assert unreadable.value.returncode == 2
    with pytest.raises(CommandError, match="--resource-type") as wrong:
        run(write(tmp_path / "a"), "--resource-type", "AWS::S3::Bucket")
    assert wrong.value.returncode == 2


def test_a_file_that_is_no_text_is_an_error_of_syntax(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe{}")
    assert "JSON_SYNTAX_ERROR" in run(str(tmp_path / "a"), ends_with=1)
