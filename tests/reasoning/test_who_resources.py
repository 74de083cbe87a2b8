"""What is left of a resource pattern where a finding is about one resource (SEMANTICS 1.4 and 4).

Each row: what an Allow covers, what a Deny takes back, and whether anybody outside still gets at something.
"""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.reasoning.question import Part, Question
from analyzers.reasoning.scene import Scene
from analyzers.reasoning.ways import Way, who

from .policies import allow, deny, policy

HOME, ABROAD = "111111111111", "222222222222"
BUCKET = "arn:aws:s3:::b"
TOPIC = f"arn:aws:sns:eu:{HOME}:t"
SCENES = {
    "s3": Scene(BUCKET, "/", {"aws:resourceaccount": HOME}),
    "sns": Scene(TOPIC, "", {"aws:resourceaccount": HOME}),
}


def ways(service: str, *statements: dict[str, Any]) -> tuple[Way, ...]:
    part = Part(policy(*statements), SCENES[service])
    return who(Question((part,), (service,), frozenset({HOME})), seconds=30)


def without(statement: dict[str, Any], pattern: str) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if key != "Resource"} | {"NotResource": pattern}


@pytest.mark.parametrize(
    ("allowed", "denied", "expected"),
    [
        (f"{BUCKET}/*", f"{BUCKET}/*", False),
        (f"{BUCKET}/*", "arn:*:s3:::b/*", False),
        (f"{BUCKET}/*", "arn:aws:s3:::*/*", False),
        (f"{BUCKET}/*", "*", False),
        (f"{BUCKET}/*", f"{BUCKET}*", False),
        (f"{BUCKET}/*", f"{BUCKET}?*", False),
        (f"{BUCKET}/*", f"{BUCKET}/a*", True),
        (f"{BUCKET}/*", f"{BUCKET}/?*", True),
        (f"{BUCKET}/*", f"{BUCKET}/${{*}}", True),
        (f"{BUCKET}/*", "arn:aws:s3:::c/*", True),
        (f"{BUCKET}/*", BUCKET, True),
        (f"{BUCKET}/a*", f"{BUCKET}/*", False),
        (f"{BUCKET}/??", f"{BUCKET}/?*", False),
        (f"{BUCKET}/?*", f"{BUCKET}/??", True),
        ("arn:*:s3:::b/a*", f"{BUCKET}/*", False),
        ("arn:*:s3:::b/*", f"{BUCKET}/a*", True),
        ("*", f"{BUCKET}/*", True),
        ("*", f"{BUCKET}*", False),
        ("*", BUCKET, True),
        (BUCKET, f"{BUCKET}/*", True),
        (BUCKET, BUCKET, False),
        (BUCKET, "arn:aws:s3:::?", False),
        (BUCKET, "arn:aws:s3:::??", True),
        (BUCKET, f"{BUCKET}?", True),
        (f"{BUCKET}*", BUCKET, True),
        (f"{BUCKET}*", f"{BUCKET}/*", True),
        ("arn:aws:s3:::c", "arn:aws:s3:::x", False),
        ("arn:aws:s3:::b2*", "arn:aws:s3:::x", False),
        ("arn:aws:s3:::*2", "arn:aws:s3:::x", True),
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::x", True),
        (f"{BUCKET}/${{aws:username}}/*", f"{BUCKET}/*/*", False),
        (f"{BUCKET}/*", f"{BUCKET}/${{aws:username}}/*", True),
        (f"{BUCKET}/a:b", f"{BUCKET}/*", False),
        (f"{BUCKET}/*", f"{BUCKET}/*:*", True),
        (f"{BUCKET}/*:*", f"{BUCKET}/*", False),
    ],
)
def test_a_bucket_and_its_objects(allowed: str, denied: str, expected: bool) -> None:
    open_ = allow(Principal="*", Resource=allowed)
    assert bool(ways("s3", open_, deny(Principal="*", Resource=denied))) is expected
    # what lies outside of a pattern, and what lies inside, is everything
    assert not ways("s3", open_, deny(Principal="*", Resource=denied), without(deny(Principal="*"), denied))
    if not allowed.startswith("arn:*"):  # which may cross colons
        assert not ways("s3", without(allow(Principal="*"), allowed), without(deny(Principal="*"), allowed))


@pytest.mark.parametrize(
    ("allowed", "denied", "expected"),
    [
        (TOPIC, TOPIC, False),
        (TOPIC, "*", False),
        ("*", TOPIC, False),
        ("*", f"{TOPIC}?", True),
        ("*", f"{TOPIC}*", False),
        ("*", f"{TOPIC}2", True),
        (f"arn:aws:sns:*:{HOME}:*", f"arn:*:sns:eu:{HOME}:t", False),
        (f"arn:aws:sns:*:{HOME}:?", f"arn:aws:sns:e?:{HOME}:t*", False),
        (f"arn:aws:sns:*:{HOME}:?", f"arn:aws:sns:e??:{HOME}:t*", True),
        (f"{TOPIC}?", "arn:aws:sns:x", False),
        (f"arn:aws:sns:*:{HOME}:tt", "arn:aws:sns:x", False),
        (f"arn:aws:sns:*:{ABROAD}:*", "arn:aws:sns:x", False),
        # an Allow may cross colons and a Deny may not
        ("arn:aws:*:t", "arn:aws:sns:x", True),
        ("*:t", "arn:aws:sns:x", True),
        ("arn:*", "arn:aws:sns:x", True),
        ("arn:*", "arn:aws:*:t", True),
        ("arn:aws:sns:*", "arn:aws:sns:*", True),
    ],
)
def test_a_resource_without_parts(allowed: str, denied: str, expected: bool) -> None:
    open_ = allow(Principal="*", Resource=allowed)
    assert bool(ways("sns", open_, deny(Principal="*", Resource=denied))) is expected


def test_a_wildcard_across_colons_is_read_so_that_no_access_is_missed() -> None:
    crossing = "arn:aws:*:t"
    assert ways("sns", without(allow(Principal="*"), crossing)), "it may cover less"
    assert not ways("sns", without(allow(Principal="*"), TOPIC))
    assert ways("sns", allow(Principal="*"), without(deny(Principal="*"), crossing)), "it may cover more"
    assert not ways("sns", allow(Principal="*"), without(deny(Principal="*"), "arn:aws:sns:eu:*:other"))


def test_the_example_is_within_the_pattern() -> None:
    [way] = ways("s3", allow(Principal="*", Resource=f"{BUCKET}/home/*"))
    assert way.witness.resource.startswith("/home/")
    [way] = ways("s3", allow(Principal="*", Resource=BUCKET))
    assert way.witness.resource == ""
    role = f"arn:aws:iam::{ABROAD}:role/team/app"
    [way] = ways("s3", allow(Principal={"AWS": role}))
    assert way.witness.principal == role
    [way] = ways("s3", allow(Principal="*", Resource="arn:aws:s3:::b/x/${aws:username}/*"))
    assert f"/x/{way.witness.context['aws:username']}/" in way.witness.resource
