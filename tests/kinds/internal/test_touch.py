"""What a pattern covers of a resource and of what is in it, against the evaluator's reading of single names."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.kinds.internal.bits import Bits
from analyzers.kinds.internal.touch import FULL, NONE, OPEN, PART, Index, place, touch
from analyzers.kinds.internal.touch import _of_inside as of_inside
from analyzers.kinds.internal.touch import _of_own as of_own
from analyzers.kinds.internal.views import Seen
from analyzers.policy import Policy
from analyzers.policy.model import Effect, Patterns
from analyzers.reasoning.matching import Call, resource_matches
from analyzers.reasoning.request import Request

BUCKETS = ["arn:aws:s3:::b", "arn:aws:s3:::bb", "arn:aws:s3:::ab-c"]
FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:f"
NAMES = ["", "a", "x/y", "a:b", "b/c", "*"]
PIECES = [
    "arn:aws:s3:::",
    "arn:aws:lambda:",
    "b",
    "*",
    "?",
    "/",
    "a",
    ":",
    "bb",
    "-c",
    "x",
    "arn:",
    "function:f",
    "${*}",
]
PATTERNS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join) | st.sampled_from(
    [
        *["*", "arn:aws:s3:::*", "arn:aws:s3:::b*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/?", "arn:*:s3:::*/a"],
        *["arn:aws:s3*", "arn:aws:lambda:*:*:function:*", f"{FUNCTION}:*", f"{FUNCTION}*", "arn:aws:lambda:*:f"],
        "arn:aws:s3:::*b/x*",
    ]
)
POLICY = Policy((), "2012-10-17")


@settings(max_examples=1500, deadline=None)
@given(PATTERNS, st.sampled_from([*((one, "/") for one in BUCKETS), (FUNCTION, ":")]))
def test_coverage(pattern: str, where: tuple[str, str]) -> None:
    arn, separator = where
    own = of_own(POLICY, pattern, place(arn, separator), Effect.ALLOW)
    assert (
        own
        == {True: FULL, None: OPEN, False: NONE}[
            resource_matches(POLICY, pattern, Call(Request("", "", arn)), Effect.ALLOW)
        ]
    )
    inside = of_inside(pattern, place(arn, separator), True)
    truths = {
        resource_matches(POLICY, pattern, Call(Request("", "", f"{arn}{separator}{name}")), Effect.ALLOW)
        for name in NAMES
    }
    if inside == FULL:
        assert truths == {True}
    elif inside == NONE:
        assert truths == {False}
    elif inside == OPEN:
        assert True not in truths
    else:
        assert inside == PART
    index = Index()
    index.add(7, Patterns((pattern,)))
    if own != NONE or inside != NONE:
        assert 7 in {*index.near(arn), *index.everywhere}


@settings(max_examples=300, deadline=None)
@given(st.lists(PATTERNS, min_size=1, max_size=3), st.booleans(), st.sampled_from(NAMES[1:5]))
def test_a_touch_covers_what_the_statement_covers(patterns: list[str], negated: bool, name: str) -> None:
    bits = Bits("AWS::S3::Bucket")
    resources = Patterns(tuple(patterns), negated)
    seen = Seen(Effect.DENY, Patterns(("s3:*",)), resources, resources, (), "", None, True, 0, "")
    found = touch(seen, bits, place(BUCKETS[0], "/"))
    for arn, part in ((BUCKETS[0], bits.own), (f"{BUCKETS[0]}/{name}", bits.inside)):
        call = Call(Request("", "", arn))
        truths = [resource_matches(POLICY, pattern, call, Effect.DENY) for pattern in patterns]
        matched = True if True in truths else None if None in truths else False
        covered = matched if not negated or matched is None else not matched
        if found is None or not (found.sure | found.part | found.open) & part:
            assert covered is False
        elif found.sure & part:
            assert covered is True
