"""The machinery by itself: what is suggested, in which order, in which form, and what is not offered."""

from __future__ import annotations

import json
import shlex
import sys
from typing import Any

import pytest

from analyzers.checks.mending import Beyond, Kind, Listed, Mended, Place, Problem, Public, Used, asked, mend
from analyzers.checks.mending.actions import compressed
from analyzers.checks.mending.commands import put, put_identity
from analyzers.policy import parse
from analyzers.reasoning.question import PolicyType

IDENTITY = Place(PolicyType.IDENTITY)
OUT = "999988887777"
TEXT = """{
    "Version" : "2012-10-17",
    "Id": "kept",
    "Statement": [
        {
            "Sid": "First",   "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:PutObject",
                "ec2:Describe*"
            ],
            "Resource": "*"
        },
        {"Sid": "Second", "Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    ]
}
"""


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more}, indent=2)


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def kinds(mended: Mended) -> list[Kind]:
    return [one.kind for one in mended.candidates]


def test_everything_else_stays_as_it_is_written() -> None:
    first = mend(Problem(TEXT, Listed(("s3:PutObject",)), IDENTITY)).candidates[0]
    assert first.text == TEXT.replace('                "s3:PutObject",\n', "")
    assert first.loss.exact
    (change,) = first.changes
    assert (change.element, change.before, change.after) == ("Statement 0 › Action", '"s3:PutObject"', "")
    lines = first.diff.split("\n")
    assert [line for line in lines if line.startswith("-")] == [
        "--- policy.json before",
        '-                "s3:PutObject",',
    ]
    assert [line for line in lines if line.startswith("+")] == ["+++ policy.json after"]


def test_a_wildcard_is_taken_apart_and_put_together_again() -> None:
    mended = mend(Problem(policy(allow("sqs:*")), Listed(("sqs:DeleteQueue", "sqs:PurgeQueue")), IDENTITY))
    first = mended.candidates[0]
    actions = json.loads(first.text)["Statement"][0]["Action"]
    assert first.kind is Kind.ACTION
    assert first.loss.exact
    assert "documents" in first.loss.sentence
    assert "sqs:Get*" in actions
    assert "sqs:SendMessage" in actions, "what stands alone is named in full"
    assert not [one for one in actions if one.startswith("sqs:Purge") or one == "sqs:DeleteQueue"]
    assert "sqs:DeleteMessage*" in actions or "sqs:DeleteMessage" in actions


def test_beginnings_cover_nothing_that_has_to_go() -> None:
    names = ["s3:GetBucketAcl", "s3:GetBucketPolicy", "s3:GetObject", "s3:PutObject"]
    assert compressed(names, ["s3:PutBucketPolicy"], "s3:*") == ["s3:Get*", "s3:PutObject"]
    assert compressed(names, ["s3:GetObjectAcl"], "s3:*")[0] == "s3:GetBucket*"
    assert compressed(names, ["x"], "s3:*Object") == names, (
        "only a wildcard at the end says that nothing new is covered"
    )


def test_the_whole_of_everything_gets_a_deny() -> None:
    mended = mend(Problem(policy(allow("*")), Listed(("iam:*",)), IDENTITY))
    assert kinds(mended)[0] is Kind.DENY
    assert mended.candidates[0].loss.exact
    added = json.loads(mended.candidates[0].text)["Statement"][1]
    assert added == {"Sid": "DenyTheRest", "Effect": "Deny", "Action": "iam:*", "Resource": "*"}


def test_exceptions_get_one_more() -> None:
    text = policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    first = mend(Problem(text, Listed(("sts:AssumeRole",)), IDENTITY)).candidates[0]
    assert json.loads(first.text)["Statement"][0]["NotAction"] == ["iam:*", "sts:AssumeRole"]
    assert first.loss.exact


def test_resources_are_dropped() -> None:
    text = policy(allow("s3:GetObject", ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]))
    first = mend(Problem(text, Listed(resources=("arn:aws:s3:::b/*",)), IDENTITY)).candidates[0]
    assert first.kind is Kind.RESOURCE
    assert json.loads(first.text)["Statement"][0]["Resource"] == ["arn:aws:s3:::a/*"]


def test_a_statement_that_is_not_in_a_list_becomes_one() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": allow("*")})
    first = mend(Problem(text, Listed(("iam:*",)), IDENTITY)).candidates[0]
    assert [one["Effect"] for one in json.loads(first.text)["Statement"]] == ["Allow", "Deny"]


def test_a_reference_keeps_what_lies_within() -> None:
    reference = parse(policy(allow(["s3:Get*", "sqs:*"])))
    text = policy(allow(["s3:GetObject", "s3:PutObject"], Sid="A"), allow("sqs:SendMessage", Sid="B"))
    first = mend(Problem(text, Beyond(reference), IDENTITY)).candidates[0]
    assert first.loss.exact
    assert [one["Action"] for one in json.loads(first.text)["Statement"]] == [["s3:GetObject"], "sqs:SendMessage"]


def test_public_access_becomes_that_of_the_organization() -> None:
    text = policy(allow("s3:GetObject", Principal="*"))
    place = Place(services=("s3",), organization="o-1", by_organization=True)
    mended = mend(Problem(text, Public("AWS::S3::Bucket"), place))
    assert Kind.CONDITION in kinds(mended)


def test_a_condition_beside_those_that_are_there() -> None:
    condition = {"stringequals": {"aws:principalorgid": ["o-2", "o-3"]}}
    text = policy(allow("s3:GetObject", Principal="*", Condition=condition))
    place = Place(services=("s3",), organization="o-1", by_organization=True)
    mended = mend(Problem(text, Listed(("s3:*",)), place))
    assert all(parse(one.text) for one in mended.candidates if one.text)


def test_what_cannot_be_understood_is_not_narrowed() -> None:
    text = policy(allow(["s3:GetObject", "s3:PutObject"], Sid="Odd", Surprise={"a": 1}), allow("sqs:*"))
    mended = mend(Problem(text, Listed(("s3:PutObject",)), IDENTITY))
    deny, statement = mended.candidates
    assert (deny.kind, deny.loss.exact) == (Kind.DENY, True), "whatever the odd statement says stays, less this"
    assert (statement.kind, statement.loss.exact) == (Kind.STATEMENT, False)
    assert "not known" in statement.loss.sentence
    assert any("Take s3:PutObject out" in one and "Not offered" in one for one in mended.refused)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be understood"),
        ("[]", "cannot be understood"),
        ("{" * 100_000, "cannot be understood"),
        ('{"Version": "2012-10-17", "Version": "x", "Statement": []}', "cannot be understood"),
        (policy(allow("sqs:*")), "No statement of the document grants it."),
    ],
)
def test_there_is_a_reason_where_there_is_nothing(text: str, said: str) -> None:
    mended = mend(Problem(text, Listed(("s3:GetObject",)), IDENTITY))
    assert mended.candidates == ()
    assert said in mended.note


def test_no_answer_in_time_is_no_candidate() -> None:
    mended = mend(Problem(TEXT, Listed(("s3:PutObject",)), IDENTITY), seconds=0)
    assert mended.candidates == ()
    assert not mended.complete


def test_a_policy_made_to_take_long_is_stopped() -> None:
    wild = [f"arn:aws:s3:::*{chr(97 + n % 26)}*{chr(97 + n // 26)}*" for n in range(120)]
    statements = [allow("s3:*", wild[n::4], Condition={"StringLike": {"s3:prefix": wild[n::4]}}) for n in range(4)]
    mended = asked(Problem(policy(*statements), Listed(("s3:PutObject",), ("arn:aws:s3:::b/*",)), IDENTITY), seconds=2)
    assert mended.candidates or mended.note


def test_uses_are_kept_or_told() -> None:
    text = policy(allow(["s3:GetObject", "s3:PutObject"]), allow("sqs:*"))
    user = "arn:aws:iam::111122223333:user/u"
    uses = (Used((user, "s3:GetObject", "arn:aws:s3:::b/*")), Used((user, "s3:PutObject", "")))
    first, *others = mend(Problem(text, Listed(("s3:PutObject",)), IDENTITY, uses=uses)).candidates
    assert (first.loss.used, len(first.loss.target_used)) == ((), 1)
    assert any(one.loss.used for one in others)


# -- commands ------------------------------------------------------------------------------------------------------

HOSTILE = "arn:aws:s3:::b'; rm -rf / #$(x)`y`"


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SQS::Queue", "AWS::IAM::Role"])
def test_names_cannot_leave_their_quotes(kind: str) -> None:
    for arn in (HOSTILE, f"arn:aws:sqs:eu-central-1:1:{HOSTILE}"):
        words = shlex.split(put(kind, arn, "1", "{}").line)
        assert words[0] == "aws"
        assert not {";", "rm", "#$(x)`y`"} & set(words)
    words = shlex.split(put_identity(f"arn:aws:iam::1:role/{HOSTILE}", "a b;c", "", "{}").line)
    assert words[words.index("--policy-name") + 1] == "a b;c"


def test_a_function_loses_a_permission_by_its_sid() -> None:
    before = policy(allow("lambda:InvokeFunction", Sid="gone", Principal={"AWS": OUT}), allow("lambda:*", Sid="kept"))
    after = policy(allow("lambda:*", Sid="kept"))
    arn = "arn:aws:lambda:eu-central-1:111122223333:function:f"
    command = put("AWS::Lambda::Function", arn, "111122223333", after, before=before)
    assert command.line.endswith("--statement-id gone --region eu-central-1")
    assert command.note == ""


def test_nothing_here_needs_django() -> None:
    import subprocess

    program = "import sys, analyzers.checks.mending.internal; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
