"""Sums do not depend on the order in which they are merged, nor on how events lie in files."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.usage.decode import tally_events
from analyzers.usage.tally import MOST_RESOURCES, SAMPLES, Key, Seen, Sum, Tally

from .events import ROLE, UNTIL, event, log, read, read_packed, session

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def sums(draw: st.DrawFn) -> Sum:
    hours = sorted(draw(st.lists(st.integers(0, 5000), min_size=1, max_size=3)))
    moments = [BEGIN + timedelta(hours=hour) for hour in hours]
    names = sorted(set(draw(st.lists(st.sampled_from("abcdefgh"), max_size=SAMPLES))))
    return Sum(moments[0], moments[-1], {moment.date(): draw(st.integers(1, 9)) for moment in moments}, names)


KEYS = st.builds(
    Key,
    st.sampled_from([ROLE, "arn:aws:iam::111122223333:role/Other"]),
    st.just("111122223333"),
    st.sampled_from(["s3:GetObject", "s3:PutObject"]),
    st.sampled_from(["", *(f"arn:aws:s3:::bucket-{number}/*" for number in range(4))]),
    st.just("eu-west-1"),
    st.sampled_from(["CLI", "CONSOLE"]),
    st.booleans(),
)
TALLIES = st.builds(
    Tally,
    uses=st.dictionaries(KEYS, sums(), max_size=8),
    unknown=st.dictionaries(
        st.tuples(st.just("x.amazonaws.com"), st.sampled_from("AB")),
        st.builds(lambda one: Seen(sum(one.days.values()), one.first, one.last, one.sessions), sums()),
    ),
    events=st.integers(0, 100),
    days=st.dictionaries(st.sampled_from(["1" * 12, "2" * 12]), st.sets(st.just(date(2026, 1, 2)), min_size=1)),
)


def merged(*tallies: Tally) -> Tally:
    found = Tally()
    for one in tallies:
        found.merge(one)
    return found


@given(TALLIES, TALLIES, TALLIES)
@settings(max_examples=30, deadline=None)
def test_merging_is_associative_and_commutative(one: Tally, two: Tally, three: Tally) -> None:
    left = merged(merged(one, two), three)
    assert left == merged(one, merged(two, three))
    assert left == merged(three, one, two)


@given(TALLIES, TALLIES)
@settings(max_examples=10, deadline=None)
def test_merging_leaves_the_other_as_it_is(one: Tally, two: Tally) -> None:
    before = copy.deepcopy(two)
    found = merged(one, two)
    found.merge(two)
    assert two == before


def of_resources(numbers: range) -> Tally:
    one = Sum(BEGIN, BEGIN, {BEGIN.date(): 1})
    key = Key(ROLE, "111122223333", "s3:GetObject", "", "", "CLI", False)
    return Tally({key._replace(resource=f"arn:aws:s3:::b{number}/*"): one for number in numbers})


def test_with_too_many_resources_none_is_told_whatever_the_order() -> None:
    few, more, most = of_resources(range(MOST_RESOURCES)), of_resources(range(150, 260)), of_resources(range(900))
    assert len(merged(few).uses) == MOST_RESOURCES
    found = merged(few, more)
    (key,) = found.uses
    assert (key.resource, found.crowded) == ("", {(ROLE, "s3:GetObject")})
    assert found.uses[key].days == {BEGIN.date(): MOST_RESOURCES + 110}
    assert merged(most, few) == merged(few, most)
    assert merged(found, few) == merged(few, few, more)


EVENTS = [
    event(
        call,
        userIdentity=session(f"session-{number % 7}"),
        eventTime=f"2026-03-{1 + number % 9:02d}T{number % 24:02d}:00:00Z",
        requestParameters={"bucketName": f"bucket-{number % 3}", "key": "a/b"},
        **({"errorCode": "AccessDenied"} if number % 4 == 0 else {}),
    )
    for number in range(40)
    for call in ("s3:GetObject", "s3:ListBuckets", "nosuch:Thing")
]


@given(st.permutations(range(len(EVENTS))), st.lists(st.integers(0, len(EVENTS)), max_size=4))
@settings(max_examples=15, deadline=None)
def test_the_same_events_in_other_files_and_another_order_are_the_same(order: list[int], cuts: list[int]) -> None:
    whole = read(log(*EVENTS))
    events = [EVENTS[place] for place in order]
    edges = [0, *sorted(cuts), len(events)]
    parts = [read_packed(log(*events[start:end])) for start, end in pairwise(edges)]
    assert merged(*parts) == merged(whole) == whole
    assert tally_events(events, UNTIL) == whole


def test_sessions_are_the_first_by_name() -> None:
    found = read(log(*(event(userIdentity=session(f"s{number}")) for number in (9, 3, 7, 1, 5, 8, 2))))
    (one,) = found.uses.values()
    assert one.sessions == ["s1", "s2", "s3", "s5", "s7"]
    assert one.days == {date(2026, 3, 4): 7}
