"""manage.py update_lists."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from analyzers import catalogue
from analyzers.reasoning import assumptions

FIRST = ["kms", "s3", "secretsmanager", "sqs", "sts"]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "rcp_services.json"
    path.write_text(json.dumps({"services": FIRST, "date": "2024-11-13", "unaffected_actions": ["kms:retiregrant"]}))
    monkeypatch.setattr(assumptions, "RCP_LIST", path)
    return path


def listed(monkeypatch: pytest.MonkeyPatch, *services: str) -> None:
    monkeypatch.setattr(catalogue, "bound_by_resource_control_policies", lambda: services)


def run(*options: str) -> str:
    out = io.StringIO()
    call_command("update_lists", *options, stdout=out)
    return out.getvalue()


def test_the_list_is_that_of_the_catalogue() -> None:
    assert "Nothing to change." in run("--check")
    assert set(FIRST) <= set(assumptions.rcp_table()["services"])


def test_what_is_added_is_told_and_written(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, *FIRST, "dynamodb")
    before = table.read_text()
    with pytest.raises(SystemExit) as ended:
        run("--check")
    assert (ended.value.code, table.read_text()) == (1, before)
    assert "+ dynamodb Amazon DynamoDB" in run()
    written = json.loads(table.read_text())
    assert written["services"] == sorted([*FIRST, "dynamodb"])
    assert written["date"] == catalogue.version().renewed.date().isoformat()
    assert written["unaffected_actions"] == ["kms:retiregrant"]


def test_nothing_is_taken_off_by_accident(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table.write_text(json.dumps({"services": [*FIRST, "ecr"], "date": "", "unaffected_actions": []}))
    listed(monkeypatch, *FIRST)
    with pytest.raises(CommandError, match="--allow-removal"):
        run()
    assert "- ecr" in run("--allow-removal")
    listed(monkeypatch, "s3")
    with pytest.raises(CommandError, match="not taken"):
        run("--allow-removal")
