"""Planted grants that must be found, and traps that must not: each a grant that something else takes back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from analyzers.kinds.internal import Analyst, InternalFinding, People, Withheld
from analyzers.kinds.population import ROLE, USER, Home, Member, Population
from analyzers.kinds.subject import ChannelDocument, Subject
from tests.shared import conformance

A, B = "111111111111", "222222222222"
ORGANIZATION = "o-1"
BUCKET = "arn:aws:s3:::photos"
KEY = f"arn:aws:kms:eu-west-1:{A}:key/k"
POINT = f"arn:aws:s3:eu-west-1:{A}:accesspoint/p"
HOMES = {
    account: Home(account, path=f"{ORGANIZATION}/r-1/ou-{account[0]}/", canonical_user=account * 4)
    for account in (A, B)
}


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def user(name: str, *documents: str, account: str = A, **more: Any) -> Member:
    return Member(f"arn:aws:iam::{account}:user/{name}", USER, account, f"AIDA{name}", documents, **more)


def role(name: str, *documents: str, account: str = A, **more: Any) -> Member:
    trust = text({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    return Member(f"arn:aws:iam::{account}:role/{name}", ROLE, account, f"AROA{name}", documents, trust=trust, **more)


def subject(*documents: str, arn: str = BUCKET, type_: str = "AWS::S3::Bucket", **more: Any) -> Subject:
    return Subject(arn, type_, A, tuple(ChannelDocument("POLICY", "", one) for one in documents), **more)


def ask(
    about: Subject, *members: Member, homes: dict[str, Home] | None = None, controlled: bool = True, **more: Any
) -> list[InternalFinding]:
    people = People(Population(members, homes or HOMES, ORGANIZATION), controlled=controlled)
    analysis = Analyst(people, **more).analyze(about)
    assert not analysis.error
    assert not [found for found in analysis.findings if "does not confirm" in found.reason]
    return list(analysis.findings)


def said(found: list[InternalFinding]) -> dict[str, tuple[str, ...]]:
    """Name of the principal -> actions, of what is proved."""
    told: dict[str, tuple[str, ...]] = {}
    for one in found:
        assert one.proved, one
        name = one.principal.rsplit("/", 1)[-1]
        told[name] = tuple(sorted({*told.get(name, ()), *one.action}))
    return told


GET = allow("s3:GetObject", f"{BUCKET}/*")
LEVELS = {"root": (text(allow("*")),), A: (text(allow("*")),)}

FOUND: list[tuple[str, Subject, Member, dict[str, Home] | None, tuple[str, ...]]] = [
    ("by its own policy", subject(), user("u", text(GET)), None, ("s3:GetObject",)),
    (
        "a part of the bucket",
        subject(),
        user("u", text(allow("s3:GetObject", f"{BUCKET}/a/*"))),
        None,
        ("s3:GetObject",),
    ),
    (
        "by the beginning of a name",
        subject(),
        user("u", text(allow("s3:GetObject", "arn:aws:s3:::pho*"))),
        None,
        ("s3:GetObject",),
    ),
    (
        "its home directory",
        subject(),
        user("u", text(allow("s3:GetObject", f"{BUCKET}/${{aws:username}}/*"))),
        None,
        ("s3:GetObject",),
    ),
    ("all but a few objects", subject(), user("u", text(GET, deny("s3:*", f"{BUCKET}/a/*"))), None, ("s3:GetObject",)),
    (
        "NotResource",
        subject(),
        user("u", text({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::other/*"})),
        None,
        ("s3:GetObject",),
    ),
    (
        "its own tag",
        subject(),
        user("u", text({**GET, "Condition": {"StringEquals": {"aws:PrincipalTag/t": "a"}}}), tags={"t": "a"}),
        None,
        ("s3:GetObject",),
    ),
    (
        "the bucket names it",
        subject(text({**GET, "Principal": {"AWS": f"arn:aws:iam::{A}:user/u"}})),
        user("u"),
        None,
        ("s3:GetObject",),
    ),
    (
        "the bucket names it, past its boundary",
        subject(text({**GET, "Principal": {"AWS": f"arn:aws:iam::{A}:user/u"}})),
        user("u", boundary=text(allow("ec2:*"))),
        None,
        ("s3:GetObject",),
    ),
    (
        "across accounts",
        subject(text({**GET, "Principal": {"AWS": B}})),
        role("r", text(allow("s3:*")), account=B),
        None,
        ("s3:GetObject",),
    ),
    ("all levels allow", subject(), user("u", text(GET)), {A: replace(HOMES[A], scp_levels=LEVELS)}, ("s3:GetObject",)),
    (
        "the management account is bound by nothing",
        subject(),
        user("u", text(GET)),
        {A: replace(HOMES[A], management=True, scp_levels={"root": ()})},
        ("s3:GetObject",),
    ),
    (
        "the perimeter of its own organization",
        subject(),
        user("u", text(GET)),
        {
            A: replace(
                HOMES[A],
                rcp_levels={
                    "root": (
                        text(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION}},
                            )
                        ),
                    )
                },
            )
        },
        ("s3:GetObject",),
    ),
    (
        "the access list lets in who is signed in",
        subject(configuration={"acl": [{"grantee": "AuthenticatedUsers", "permission": "READ_ACP"}]}),
        user("u"),
        None,
        ("s3:GetBucketAcl",),
    ),
    (
        "the key delegates",
        subject(text(allow("kms:*", Principal={"AWS": A})), arn=KEY, type_="AWS::KMS::Key"),
        user("u", text(allow("kms:Decrypt"))),
        None,
        ("kms:Decrypt",),
    ),
    (
        "a grant on the key",
        subject(
            text(deny("sqs:*", Principal="*")),
            arn=KEY,
            type_="AWS::KMS::Key",
            configuration={"grants": [{"granteePrincipal": f"arn:aws:iam::{A}:role/r", "operations": ["Decrypt"]}]},
        ),
        role("r"),
        None,
        ("kms:Decrypt",),
    ),
    (
        "the trust policy names it",
        subject(
            text({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{A}:user/u"}, "Action": "sts:AssumeRole"}),
            arn=f"arn:aws:iam::{A}:role/target",
            type_="AWS::IAM::Role",
        ),
        user("u"),
        None,
        ("sts:AssumeRole",),
    ),
    (
        "the trust policy names its account",
        subject(
            text({"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}),
            arn=f"arn:aws:iam::{A}:role/target",
            type_="AWS::IAM::Role",
        ),
        user("u", text(allow("sts:AssumeRole"))),
        None,
        ("sts:AssumeRole",),
    ),
    (
        "one session of a role",
        subject(text({**GET, "Principal": {"AWS": f"arn:aws:sts::{A}:assumed-role/r/s"}})),
        role("r"),
        None,
        ("s3:GetObject",),
    ),
    (
        "a shared snapshot",
        Subject(
            f"arn:aws:ec2:eu-west-1:{A}:snapshot/snap-1", "AWS::EC2::Snapshot", A, (), {"share": {"accounts": [B]}}
        ),
        role("r", text(allow("ec2:CopySnapshot")), account=B),
        None,
        ("ec2:CopySnapshot",),
    ),
]


@pytest.mark.parametrize(("what", "about", "member", "homes", "actions"), FOUND, ids=[case[0] for case in FOUND])
def test_a_planted_grant_is_found(
    what: str, about: Subject, member: Member, homes: dict[str, Home] | None, actions: tuple[str, ...]
) -> None:
    found = ask(about, member, homes=homes)
    assert said(found) == ({member.arn.rsplit("/", 1)[-1]: actions} if actions else {})
    for one in found:
        assert one.witness is not None
        assert one.witness.action in one.action
        assert one.statements


TRAPS: list[tuple[str, Subject, Member, dict[str, Home] | None]] = [
    ("denied in its own policy", subject(), user("u", text(GET, deny("s3:Get*"))), None),
    (
        "denied by the bucket",
        subject(text(deny("s3:*", [BUCKET, f"{BUCKET}/*"], Principal="*"))),
        user("u", text(GET)),
        None,
    ),
    (
        "denied in two halves",
        subject(),
        user(
            "u",
            text(
                GET, deny("s3:*", f"{BUCKET}/a*"), {"Effect": "Deny", "Action": "s3:*", "NotResource": f"{BUCKET}/a*"}
            ),
        ),
        None,
    ),
    (
        "denied on a condition that always holds",
        subject(
            text(
                deny(
                    "s3:*",
                    f"{BUCKET}/*",
                    Principal="*",
                    Condition={"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}},
                )
            )
        ),
        user("u", text(GET)),
        None,
    ),
    (
        "denied with and without",
        subject(),
        user(
            "u",
            text(
                GET,
                deny("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
                deny("s3:*", Condition={"BoolIfExists": {"aws:SecureTransport": "false"}}),
            ),
        ),
        None,
    ),
    ("the boundary is silent", subject(), user("u", text(GET), boundary=text(allow("ec2:*"))), None),
    (
        "the boundary allows another part",
        subject(),
        user("u", text(allow("s3:*", f"{BUCKET}/a/*")), boundary=text(allow("s3:GetObject", f"{BUCKET}/b/*"))),
        None,
    ),
    (
        "one level is silent",
        subject(),
        user("u", text(GET)),
        {A: replace(HOMES[A], scp_levels={"root": (text(allow("*")),), "ou": (text(allow("ec2:*")),)})},
    ),
    ("a level without policies", subject(), user("u", text(GET)), {A: replace(HOMES[A], scp_levels={"root": ()})}),
    (
        "a level denies",
        subject(text({**GET, "Principal": "*"})),
        user("u", text(GET)),
        {A: replace(HOMES[A], scp_levels={"root": (text(allow("*"), deny("s3:*")),)})},
    ),
    (
        "a control policy on the resource",
        subject(),
        user("u", text(GET)),
        {A: replace(HOMES[A], rcp_levels={"root": (text(deny("s3:*", Principal="*")),)})},
    ),
    (
        "the perimeter of another organization",
        subject(),
        user("u", text(GET)),
        {
            A: replace(
                HOMES[A],
                rcp_levels={
                    "root": (
                        text(
                            deny(
                                "s3:*",
                                Principal="*",
                                Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-2"}},
                            )
                        ),
                    )
                },
            )
        },
    ),
    (
        "Block Public Access across accounts",
        subject(
            text({**GET, "Principal": "*"}), configuration={"public_access_block": {"RestrictPublicBuckets": True}}
        ),
        role("r", text(GET), account=B),
        None,
    ),
    (
        "the owner disables access lists",
        subject(
            configuration={
                "acl": [{"grantee": "AuthenticatedUsers", "permission": "READ"}],
                "object_ownership": "BucketOwnerEnforced",
            }
        ),
        user("u"),
        None,
    ),
    (
        "the access list names another account",
        subject(configuration={"acl": [{"grantee": {"id": A * 4}, "permission": "FULL_CONTROL"}]}),
        role("r", text(allow("s3:*")), account=B),
        None,
    ),
    ("abroad without a word of the bucket", subject(), role("r", text(allow("*")), account=B), None),
    (
        "abroad without a word of its own",
        subject(text({**GET, "Principal": {"AWS": f"arn:aws:iam::{B}:role/r"}})),
        role("r", account=B),
        None,
    ),
    ("the account is named, which delegates only", subject(text({**GET, "Principal": {"AWS": A}})), user("u"), None),
    (
        "its role is named, and bounded",
        subject(text({**GET, "Principal": {"AWS": f"arn:aws:iam::{A}:role/r"}})),
        role("r", boundary=text(allow("ec2:*"))),
        None,
    ),
    (
        "the key does not delegate",
        subject(
            text(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{A}:role/other"})), arn=KEY, type_="AWS::KMS::Key"
        ),
        user("u", text(allow("kms:*"))),
        None,
    ),
    (
        "the role trusts another",
        subject(
            text({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{A}:role/other"}, "Action": "sts:AssumeRole"}),
            arn=f"arn:aws:iam::{A}:role/target",
            type_="AWS::IAM::Role",
        ),
        user("u", text(allow("*"))),
        None,
    ),
    (
        "a tag that it has not",
        subject(),
        user("u", text({**GET, "Condition": {"StringEquals": {"aws:PrincipalTag/t": "a"}}}), tags={"t": "b"}),
        None,
    ),
    ("the home of another", subject(), role("r", text(allow("s3:GetObject", f"{BUCKET}/${{aws:username}}/*"))), None),
    ("a bucket of a similar name", subject(), user("u", text(allow("s3:GetObject", "arn:aws:s3:::photos2/*"))), None),
    ("the bucket and not its objects", subject(), user("u", text(allow("s3:GetObject", BUCKET))), None),
    (
        "NotPrincipal denies who has a boundary",
        subject(
            text(
                {
                    "Effect": "Deny",
                    "NotPrincipal": {"AWS": [f"arn:aws:iam::{A}:user/u", f"arn:aws:iam::{A}:root"]},
                    "Action": "s3:*",
                    "Resource": f"{BUCKET}/*",
                }
            )
        ),
        user("u", text(GET), boundary=text(allow("*"))),
        None,
    ),
]


@pytest.mark.parametrize(("what", "about", "member", "homes"), TRAPS, ids=[case[0] for case in TRAPS])
def test_a_planted_trap_is_not_reported(
    what: str, about: Subject, member: Member, homes: dict[str, Home] | None
) -> None:
    assert ask(about, member, homes=homes) == []


def test_service_linked_roles_are_not_bound() -> None:
    linked = role("aws-service-role/x.amazonaws.com/AWSServiceRoleForX", text(GET))
    homes = {A: replace(HOMES[A], scp_levels={"root": ()}, rcp_levels={"root": (text(deny("*", Principal="*")),)})}
    (found,) = ask(subject(), linked, homes=homes)
    assert found.proved
    assert (found.service_restriction, found.restriction) == ("NOT_APPLICABLE", "APPLIED")


@pytest.mark.parametrize(
    ("controlled", "home", "expected"),
    [
        (True, HOMES[A], ("NOT_APPLICABLE", "NOT_APPLICABLE")),
        (True, replace(HOMES[A], scp_levels=LEVELS), ("APPLIED", "NOT_APPLICABLE")),
        (False, replace(HOMES[A], scp_levels={"root": ()}), ("NOT_APPLICABLE", "NOT_APPLICABLE")),
        (False, replace(HOMES[A], scp_levels=LEVELS), ("APPLICABLE", "NOT_APPLICABLE")),
        (
            False,
            replace(HOMES[A], rcp_levels={"root": (text(deny("s3:*", Principal="*")),)}),
            ("NOT_APPLICABLE", "APPLICABLE"),
        ),
        (
            True,
            replace(HOMES[A], rcp_levels={"root": (text(deny("sqs:*", Principal="*")),)}),
            ("NOT_APPLICABLE", "APPLIED"),
        ),
        (
            True,
            replace(HOMES[A], scp_levels={"root": (text(allow("*")), "{")}),
            ("FAILED_TO_EVALUATE_SCP", "NOT_APPLICABLE"),
        ),
        (True, replace(HOMES[A], management=True, scp_levels=LEVELS), ("NOT_APPLICABLE", "NOT_APPLICABLE")),
    ],
)
def test_what_is_said_of_control_policies(controlled: bool, home: Home, expected: tuple[str, str]) -> None:
    (found,) = ask(subject(), user("u", text(GET)), homes={A: home}, controlled=controlled)
    assert (found.service_restriction, found.restriction) == expected
    assert found.proved is not expected[0].startswith("FAILED")


def test_a_control_policy_on_the_resource_that_is_not_understood() -> None:
    homes = {A: replace(HOMES[A], rcp_levels={"root": ("{",)})}
    people = People(Population((user("u", text(GET)),), homes, ORGANIZATION), controlled=True)
    analysis = Analyst(people).analyze(subject())
    assert "cannot be understood" in analysis.error
    assert [(one.proved, one.restriction) for one in analysis.findings] == [(False, "FAILED_TO_EVALUATE_RCP")]


@pytest.mark.parametrize(
    "member",
    [
        user("u", "{"),
        user("u", text(GET), boundary="{"),
        user("u", unknown=("managed",)),
        user("u", text(GET), unknown=("managed",)),
        user("u", text({**GET, "Condition": {"StringSimilar": {"aws:SourceIp": "x"}}})),
        user("u", text(GET, deny("s3:*", Condition={"StringSimilar": {"aws:SourceIp": "x"}}))),
        user("u", text(allow("s3:GetObject", "arn:aws:s3:*"))),
    ],
)
def test_what_is_not_understood_is_unknown(member: Member) -> None:
    found = ask(subject(), member)
    assert found
    assert any(not one.proved and one.reason and "s3:GetObject" in one.action for one in found)
    assert not any(one.proved and "s3:GetObject" in one.action for one in found)


def test_conditions_are_shown() -> None:
    through = {
        **GET,
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "true"}},
    }
    transport = deny("s3:*", f"{BUCKET}/*", Principal="*", Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}})
    (found,) = ask(subject(text(transport)), user("u", text(through)))
    assert dict(found.condition) == {"aws:SourceVpce": "vpce-1"}
    assert [one.key for one in found.further_conditions] == ["aws:SecureTransport"]
    assert [one.key for one in found.unless] == ["s3:TlsVersion"]
    assert found.witness is not None
    assert found.witness.context["aws:SourceVpce"] == "vpce-1"
    assert found.summary.endswith("on bucket photos, if aws:SourceVpce is vpce-1.")


def test_accesses_under_other_conditions_are_other_findings() -> None:
    statements = [
        {**GET, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}},
        {**GET, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-2"}}},
        allow("s3:PutObject", f"{BUCKET}/*"),
    ]
    found = ask(subject(), user("u", text(*statements)))
    assert sorted((one.action, one.condition.get("aws:SourceVpce", "")) for one in found) == [
        (("s3:GetObject",), "vpce-1"),
        (("s3:GetObject",), "vpce-2"),
        (("s3:PutObject",), ""),
    ]


def test_members_of_a_group_are_asked_about_once() -> None:
    members = [role(f"r{number}", text(GET)) for number in range(50)]
    people = People(Population(tuple(members), HOMES, ORGANIZATION), controlled=True)
    assert len(people.groups) == 1
    named = text({**allow("s3:PutObject", f"{BUCKET}/*"), "Principal": {"AWS": members[7].arn}})
    found = Analyst(people).analyze(subject(named)).findings
    assert len(found) == 50
    assert [one.action for one in found if one.principal == members[7].arn] == [("s3:GetObject", "s3:PutObject")]
    assert {one.action for one in found if one.principal != members[7].arn} == {("s3:GetObject",)}


@pytest.mark.parametrize("guard", ["condition", "resource"])
def test_a_name_that_is_compared_with_something_is_not_any_name(guard: str) -> None:
    """Home directories are asked about once for all users, but not where one of them is meant."""
    home = f"{BUCKET}/${{aws:username}}/*"
    if guard == "condition":
        statements = [
            {**allow("s3:ListBucket", BUCKET), "Condition": {"StringEquals": {"s3:prefix": "${aws:username}"}}},
            deny("s3:ListBucket", BUCKET, Condition={"StringNotEquals": {"s3:prefix": "bob"}}),
        ]
    else:
        statements = [
            allow("s3:GetObject", home),
            {"Effect": "Deny", "Action": "s3:*", "NotResource": f"{BUCKET}/bob/*"},
        ]
    members = [user(name, text(*statements)) for name in ("alice", "bob", "carol")]
    assert set(said(ask(subject(), *members))) == {"bob"}


@pytest.mark.parametrize(
    ("key", "value", "reached"),
    [
        ("aws:PrincipalOrgID", "${aws:ResourceOrgID}", True),
        ("aws:ResourceOrgID", "${aws:PrincipalOrgID}", True),
        ("aws:PrincipalAccount", "${aws:ResourceAccount}", True),
        ("aws:PrincipalTag/owner", "${aws:ResourceAccount}", False),
        ("aws:ResourceAccount", "${aws:PrincipalTag/owner, 'x'}", False),
        ("aws:PrincipalOrgID", "x${aws:SourceVpc}", None),
    ],
)
def test_what_is_known_of_caller_and_resource_is_compared(key: str, value: str, reached: bool | None) -> None:
    found = ask(subject(), user("u", text({**GET, "Condition": {"StringEquals": {key: value}}})))
    assert [one.proved for one in found] == {True: [True], False: [], None: [False]}[reached]


def test_only_some_are_asked_about() -> None:
    members = [role(f"r{number}", text(GET)) for number in range(5)]
    people = People(Population(tuple(members), HOMES, ORGANIZATION), controlled=True)
    found = Analyst(people).analyze(subject(), {members[3].arn, "arn:aws:iam::1:role/gone"}).findings
    assert [one.principal for one in found] == [members[3].arn]


OPEN_KEY = subject(text(allow("kms:*", Principal={"AWS": A})), arn=KEY, type_="AWS::KMS::Key")


def encrypted(
    about: Subject, *members: Member, key: Subject | None = OPEN_KEY
) -> tuple[dict[str, InternalFinding], dict[str, Withheld]]:
    """By name of the principal: its one finding, and what the key holds back."""
    people = People(Population(members, HOMES, ORGANIZATION), controlled=True)
    about = replace(about, configuration={**about.configuration, "encryption_key": KEY})
    analysis = Analyst(people, lambda _name, _subject: key).analyze(about)
    assert not analysis.error
    assert not [found for found in analysis.findings if "does not confirm" in found.reason]
    names = [found.principal.rsplit("/", 1)[-1] for found in analysis.findings]
    assert len(names) == len(set(names))
    return (
        dict(zip(names, analysis.findings, strict=True)),
        {one.principal.rsplit("/", 1)[-1]: one for one in analysis.withheld},
    )


def test_what_the_key_does_not_open_is_no_finding() -> None:
    found, held = encrypted(
        subject(),
        role("reads", text(GET)),
        role("opens", text(GET, allow("kms:Decrypt", KEY))),
        role("denied", text(GET, allow("kms:*"), deny("kms:Decrypt"))),
        role("lists", text(allow("s3:GetObject", f"{BUCKET}/*"), allow("s3:ListBucket", BUCKET))),
        role("conditional", text(GET, allow("kms:Decrypt", KEY, Condition={"Bool": {"aws:SecureTransport": "true"}}))),
    )
    assert said(list(found.values())) == {
        "opens": ("s3:GetObject",),
        "lists": ("s3:ListBucket",),
        "conditional": ("s3:GetObject",),
    }
    assert found["opens"].encryption is not None
    assert found["opens"].encryption.readable == "yes"
    assert found["lists"].encryption is None
    assert found["lists"].witness is not None
    assert found["lists"].witness.action == "s3:ListBucket"
    assert {name: one.actions for name, one in held.items()} == dict.fromkeys(
        ("reads", "denied", "lists"), ("s3:GetObject",)
    )
    assert held["reads"].key == KEY
    assert len(held["reads"].blockers) == 1
    assert held["reads"].blockers[0].startswith("kms:Decrypt: ")
    assert "Denied by statement 2" in held["denied"].blockers[0]


@pytest.mark.parametrize(
    "key",
    [None, subject("not a policy", arn=KEY, type_="AWS::KMS::Key"), subject("[]", arn=KEY, type_="AWS::KMS::Key")],
    ids=["not in the inventory", "not JSON", "not a policy"],
)
def test_a_key_of_which_nothing_is_known_holds_nothing_back(key: Subject | None) -> None:
    found, held = encrypted(subject(), role("reads", text(GET)), key=key)
    assert not held
    assert found["reads"].action == ("s3:GetObject",)
    assert found["reads"].encryption is not None
    assert found["reads"].encryption.readable == "unknown"
    assert found["reads"].encryption.blockers


def test_a_policy_that_cannot_be_read_may_open_the_key() -> None:
    found, held = encrypted(subject(), role("reads", text(GET), "not a policy"))
    assert not held
    assert found["reads"].encryption is not None
    assert found["reads"].encryption.readable == "unknown"


def test_keys_of_aws_itself() -> None:
    shared = subject(
        text(allow("s3:GetObject", f"{BUCKET}/*", Principal={"AWS": B})),
        configuration={"encryption_key": "alias/aws/s3"},
    )
    people = People(
        Population((user("here", text(GET)), user("there", text(GET), account=B)), HOMES, ORGANIZATION), controlled=True
    )
    analysis = Analyst(people).analyze(shared)
    (found,) = analysis.findings
    assert found.principal.endswith("/here")
    assert found.encryption is not None
    assert found.encryption.readable == "yes"
    (held,) = analysis.withheld
    assert held.principal.endswith("/there")
    assert held.blockers == ("The key is managed by AWS and serves its own account only.",)


def test_who_may_choose_another_encryption_can_write() -> None:
    """A request to S3 may name another encryption than the bucket's default."""
    found, held = encrypted(subject(), user("u", text(allow(["s3:GetObject", "s3:PutObject"], f"{BUCKET}/*"))))
    assert found["u"].action == ("s3:PutObject",)
    assert found["u"].encryption is not None
    assert (found["u"].encryption.readable, found["u"].encryption.writable) == ("", "no")
    assert "its key does not allow writing" in found["u"].summary
    assert held["u"].actions == ("s3:GetObject",)


QUEUE, TABLE = f"arn:aws:sqs:eu-west-1:{A}:q", f"arn:aws:dynamodb:eu-west-1:{A}:table/t"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{A}:secret:s"
SNAPSHOT = f"arn:aws:rds:eu-west-1:{A}:snapshot:s"


@pytest.mark.parametrize(
    ("arn", "kind", "asked", "right", "left", "held"),
    [
        (QUEUE, "AWS::SQS::Queue",
         ["sqs:ReceiveMessage", "sqs:SendMessage"], "", "", "sqs:ReceiveMessage sqs:SendMessage"),
        (QUEUE, "AWS::SQS::Queue", ["sqs:SendMessage"], "kms:GenerateDataKey", "sqs:SendMessage", ""),
        (QUEUE, "AWS::SQS::Queue", ["sqs:SendMessage"], "kms:Decrypt", "", "sqs:SendMessage"),
        (QUEUE, "AWS::SQS::Queue",
         ["sqs:ReceiveMessage", "sqs:PurgeQueue"], "", "sqs:PurgeQueue", "sqs:ReceiveMessage"),
        (TABLE, "AWS::DynamoDB::Table",
         ["dynamodb:GetItem", "dynamodb:PutItem"], "", "", "dynamodb:GetItem dynamodb:PutItem"),
        (TABLE, "AWS::DynamoDB::Table", ["dynamodb:PutItem"], "kms:Decrypt", "dynamodb:PutItem", ""),
        (TABLE, "AWS::DynamoDB::Table", ["dynamodb:DeleteItem"], "", "dynamodb:DeleteItem", ""),
        (SECRET, "AWS::SecretsManager::Secret",
         ["secretsmanager:GetSecretValue"], "", "", "secretsmanager:GetSecretValue"),
        (SNAPSHOT, "AWS::RDS::DBSnapshot", ["rds:CopyDBSnapshot"], "", "rds:CopyDBSnapshot", ""),
    ],
)  # fmt: skip
def test_what_needs_the_key(arn: str, kind: str, asked: list[str], right: str, left: str, held: str) -> None:
    own = [allow(asked, "*"), *([allow(right, KEY)] if right else [])]
    found, kept = encrypted(subject(arn=arn, type_=kind), user("u", text(*own)))
    assert [action for one in found.values() for action in one.action] == left.split()
    assert [action for one in kept.values() for action in one.actions] == held.split()


def test_held_back_by_several_ways_is_one_line() -> None:
    """Through an access point, and by statements with and without conditions."""
    about = through_a_point(text(allow("s3:GetObject", f"{POINT}/*", Principal={"AWS": "*"})))
    version = allow("s3:GetObjectVersion", f"{BUCKET}/*", Condition={"Bool": {"aws:SecureTransport": "true"}})
    found, held = encrypted(about, user("u", text(GET, version, allow("s3:GetObject", f"{POINT}/*"))))
    assert not found
    assert held["u"].actions == ("s3:GetObject", "s3:GetObjectVersion")


def point(**more: Any) -> dict[str, Any]:
    return {"access_points": [{"arn": POINT, "account": A, "network_origin": "Internet", **more}]}


def through_a_point(*own: str, bucket: str | None = None, **more: Any) -> Subject:
    documents = [ChannelDocument("S3_ACCESS_POINT", POINT, one) for one in own]
    documents += [ChannelDocument("POLICY", "", bucket)] if bucket else []
    return Subject(BUCKET, "AWS::S3::Bucket", A, tuple(documents), point(**more))


DELEGATES = text(
    allow(
        "*",
        [BUCKET, f"{BUCKET}/*"],
        Principal={"AWS": "*"},
        Condition={"StringEquals": {"s3:DataAccessPointAccount": A}},
    )
)
OPENS = text(allow("s3:GetObject", f"{POINT}/object/*", Principal={"AWS": f"arn:aws:iam::{A}:role/r"}))


def test_through_an_access_point() -> None:
    (found,) = ask(through_a_point(OPENS, bucket=DELEGATES), role("r"))
    assert found.proved
    assert found.action == ("s3:GetObject",)
    assert found.sources == ({"type": "S3_ACCESS_POINT", "detail": {"accessPointArn": POINT, "accessPointAccount": A}},)
    assert found.witness is not None
    assert found.witness.resource.startswith(f"{POINT}/object/")
    assert ask(through_a_point(OPENS, bucket=DELEGATES), role("other")) == []
    (vpc,) = ask(through_a_point(OPENS, bucket=DELEGATES, network_origin="VPC", vpc_id="vpc-1"), role("r"))
    assert dict(vpc.condition) == {"aws:SourceVpc": "vpc-1"}


def test_through_an_access_point_whose_bucket_says_nothing() -> None:
    (found,) = ask(through_a_point(OPENS), role("r"))
    assert not found.proved
    assert "access point" in found.reason
    closed = text(deny("s3:*", [BUCKET, f"{BUCKET}/*"], Principal="*"))
    assert ask(through_a_point(OPENS, bucket=closed), role("r")) == []
    assert ask(through_a_point(OPENS, bucket=DELEGATES), role("r", account=B)) == []


CASES = [
    case
    for case in conformance("tricky_cases.json")
    if not isinstance(case, dict) or case.get("request", {}).get("principal", "").startswith("arn:aws:iam")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_documented_decisions(case: dict[str, Any]) -> None:
    """What is allowed to one request of a user or role must be found; this needs no session and no member of a zone
    that the case does not describe."""
    policies, request = case["policies"], case["request"]
    resource, action = request["resource"], request["action"]
    owner = request["resourceAccount"] or A
    kind, arn = _kind(resource)
    if not kind or "session" in policies or "acl" in policies or ":root" in request["principal"]:
        pytest.skip("about something else")

    def texts(name: str) -> tuple[str, ...]:
        given = policies.get(name) or []
        return tuple(json.dumps(one) for one in (given if isinstance(given, list) else [given]))

    def levels(name: str) -> dict[str, tuple[str, ...]] | None:
        given = policies.get(name)
        return None if given is None else {level: tuple(map(json.dumps, docs)) for level, docs in given.items()}

    account = request["principal"].split(":")[4]
    tags = {key.split("/", 1)[1]: str(value) for key, value in request["context"].items() if "PrincipalTag/" in key}
    member = Member(
        request["principal"],
        USER if ":user/" in request["principal"] else ROLE,
        account,
        identity=texts("identity"),
        boundary=next(iter(texts("boundary")), None),
        tags=tags,
    )
    homes = {one: Home(one, rcp_levels=levels("rcp_levels")) for one in {account, owner}}
    homes[account] = replace(
        homes[account],
        scp_levels=levels("scp_levels"),
        management=bool(policies.get("principal_account_is_management")),
    )
    documents = (*texts("resource"), *texts("key_policy"), *texts("trust"))
    flags = {"public_access_block": policies.get("bpa") or {}}
    about = Subject(arn, kind, owner, tuple(ChannelDocument("POLICY", "", one) for one in documents[:1]), flags)
    if len(documents) > 1:
        pytest.skip("several documents on the resource")
    people = People(Population((member,), homes), controlled=True)
    found = Analyst(people).analyze(about).findings
    reached = {name.lower() for one in found for name in one.action}
    if case["expected"] == "allow":
        assert action.lower() in reached
    elif not request["context"] and "/" not in resource.removeprefix(arn):
        assert action.lower() not in {
            name.lower() for one in found if one.proved and not one.condition for name in one.action
        }


def _kind(resource: str) -> tuple[str, str]:
    if resource.startswith("arn:aws:s3:::"):
        return "AWS::S3::Bucket", resource.partition("/")[0]
    for part, kind in ((":kms:", "AWS::KMS::Key"), (":iam:", "AWS::IAM::Role"), (":sqs:", "AWS::SQS::Queue")):
        if part in resource and "*" not in resource:
            return kind, resource
    return "", ""
