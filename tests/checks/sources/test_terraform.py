"""Plans: which policies are found, and what of them is known before the plan is applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analyzers.checks.custom import Result, no_public_access
from analyzers.checks.found import FoundPolicy, readable
from analyzers.checks.sources import Options, Unreadable, read

OPEN = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}
)


def change(address: str, after: Any, unknown: Any = None, *, mode: str = "managed", actions: Any = ("create",)) -> Any:
    kind = address.removeprefix("module.m.").removeprefix("data.").partition(".")[0]
    told = {"actions": list(actions), "after": after, "after_unknown": unknown or {}}
    return {"address": address, "mode": mode, "type": kind, "change": told}


def plan(*changes: Any, references: Any = None) -> dict[str, Any]:
    resources = [
        {"address": address, "expressions": {name: {"references": told}}}
        for (address, name), told in (references or {}).items()
    ]
    return {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": list(changes),
        "configuration": {"root_module": {"resources": resources}},
    }


def found(tmp_path: Path, content: Any, **options: Any) -> list[FoundPolicy]:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(content))
    told = list(read([str(path)], Options(**options)))
    assert not [one for one in told if isinstance(one, Unreadable)]
    return [one for one in told if isinstance(one, FoundPolicy)]


def test_policies_that_are_known_are_found(tmp_path: Path) -> None:
    role = {
        "assume_role_policy": OPEN,
        "inline_policy": [{"policy": OPEN}],
        "managed_policy_arns": ["arn:aws:iam::aws:policy/X"],
    }
    told = found(
        tmp_path,
        plan(
            change("aws_s3_bucket_policy.b[0]", {"policy": OPEN}),
            change("aws_iam_role.r", role),
            change("aws_sqs_queue.gone", {"policy": OPEN}, actions=["delete"]),
            change("aws_sns_topic.none", {"policy": None}),
        ),
    )
    assert [one.title.partition(": ")[2] for one in told] == [
        "aws_s3_bucket_policy.b[0].policy",
        "aws_iam_role.r.assume_role_policy",
        "aws_iam_role.r.inline_policy[0].policy",
        "aws_iam_role.r.managed_policy_arns(arn:aws:iam::aws:policy/X)",
    ]
    assert no_public_access(told[0]).result is Result.FAIL
    assert [one.name for one in told[3].missing] == ["arn:aws:iam::aws:policy/X"]


def test_a_policy_known_only_later_is_not_known(tmp_path: Path) -> None:
    content = plan(change("aws_s3_bucket_policy.b", {}, {"policy": True}))
    (told,) = found(tmp_path, content)
    result = no_public_access(told)
    assert (result.result, [one.name for one in result.missing]) == (Result.UNKNOWN, ["aws_s3_bucket_policy.b.policy"])
    (told,) = found(tmp_path, content, assume={"aws_s3_bucket_policy.b.policy": OPEN})
    assert no_public_access(told).result is Result.FAIL


def document(principal: str, resources: Any, unknown: Any) -> Any:
    statement = {
        "sid": "Read",
        "effect": None,
        "actions": ["s3:GetObject"],
        "resources": resources,
        "principals": [{"type": "AWS", "identifiers": [principal]}],
        "condition": [{"test": "StringLike", "variable": "aws:userid", "values": ["&{aws:username}"]}],
    }
    after, unknown = {"statement": [statement]}, {"json": True, "statement": [unknown]}
    return change("data.aws_iam_policy_document.d", after, unknown, mode="data", actions=["read"])


def test_a_policy_document_of_the_plan_tells_what_is_known_already(tmp_path: Path) -> None:
    references = {
        ("aws_s3_bucket_policy.b", "policy"): ["data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"]
    }
    content = plan(
        document("arn:aws:iam::111122223333:root", [None], {"resources": [True]}),
        change("aws_s3_bucket_policy.b", {}, {"policy": True}),
        references=references,
    )
    (told,) = found(tmp_path, content)
    statement = json.loads(told.variants[0].text)["Statement"][0]
    assert readable(statement["Resource"][0]) == "<data.aws_iam_policy_document.d.statement[0].resources[0]>"
    assert (statement["Effect"], statement["Condition"]) == (
        "Allow",
        {"StringLike": {"aws:userid": ["${aws:username}"]}},
    )
    assert no_public_access(told).result is Result.PASS


def test_a_lambda_permission_is_a_statement(tmp_path: Path) -> None:
    values = {"function_name": "f", "action": "lambda:InvokeFunction", "principal": "*", "source_arn": None}
    (told,) = found(tmp_path, plan(change("aws_lambda_permission.p", values)))
    assert no_public_access(told).result is Result.FAIL


def test_what_is_no_plan_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    for text in (
        '{"format_version": "1.2", "planned_values": ',
        '{"format_version": "1", "resource_changes": [1, {"change": 2}]}',
    ):
        path.write_text(text)
        assert all(isinstance(one, Unreadable) for one in read([str(path)], Options()))
