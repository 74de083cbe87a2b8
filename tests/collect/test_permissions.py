"""The role's policy is what the readers call, and nothing that changes anything."""

from __future__ import annotations

import json
from pathlib import Path

from analyzers import catalogue
from analyzers.collect import permissions
from analyzers.collect.services import SERVICES
from analyzers.policy import parse

WITHOUT_ACTIONS_OF_ITS_OWN = {"apigateway:GET"}
"""API Gateway's permissions are methods of HTTP."""


def test_every_call_is_an_action_that_reads() -> None:
    wrong = []
    for service in SERVICES.values():
        for permission in service.calls.values():
            prefix, name = permission.split(":")
            known = {action.name.lower(): action for action in catalogue.actions_of(prefix)}
            if permission in WITHOUT_ACTIONS_OF_ITS_OWN:
                continue
            action = known.get(name.lower())
            if action is None or action.access_level not in {"List", "Read"}:
                wrong.append((permission, action))
    assert not wrong


def test_the_documents_parse_and_hold_every_permission() -> None:
    granted = {action for statement in permissions.member_policy()["Statement"] for action in statement["Action"]}
    needed = {
        permission
        for service in SERVICES.values()
        if service.name != "organizations"
        for permission in service.calls.values()
    }
    assert granted == needed
    for name, text in permissions.files().items():
        if name.endswith("policy.json"):
            assert parse(text).statements


def test_the_templates_hold_the_same_policy() -> None:
    template = json.loads(permissions.files()["collector-stackset.json"])
    role = template["Resources"]["Collector"]["Properties"]
    assert role["Policies"][0]["PolicyDocument"] == permissions.member_policy()
    terraform = permissions.files()["collector.tf"]
    for statement in permissions.member_policy()["Statement"]:
        assert all(f'"{action}"' in terraform for action in statement["Action"])


def test_the_files_in_the_documentation_are_these() -> None:
    folder = Path(__file__).resolve().parents[2] / "docs" / "collector"
    kept = {path.name: path.read_text() for path in folder.iterdir()}
    assert kept == permissions.files(), "write them anew: manage.py collect --print NAME > docs/collector/NAME"
