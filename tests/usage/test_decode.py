"""The forms that files have, and what hostile or damaged ones come to."""

from __future__ import annotations

import gzip
import io
import json
import random
import tracemalloc
from datetime import date
from typing import Any

import pytest

from analyzers.usage import decode, gather, records, unpack
from analyzers.usage.tally import NotALog, Tally

from .events import ACCOUNT, ALICE, ROLE, UNTIL, event, log, read, read_packed, session

ONE = event("ec2:DescribeVpcs")
TWO = event("iam:ListUsers", userIdentity=session(), eventTime="2026-03-05T00:00:00Z")
EXPECTED = decode.tally_events([ONE, TWO], UNTIL)


def refused(data: bytes, name: str = "log.json") -> str:
    with pytest.raises(NotALog) as caught:
        read(data, name)
    return caught.value.reason


def test_what_one_file_comes_to() -> None:
    assert {(key.principal, key.action) for key in EXPECTED.uses} == {
        (ALICE["arn"], "ec2:DescribeVpcs"),
        (ROLE, "iam:ListUsers"),
    }
    assert (EXPECTED.events, EXPECTED.malformed) == (2, 0)
    assert EXPECTED.days == {ACCOUNT: {date(2026, 3, 4), date(2026, 3, 5)}}


def lines(*found: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in found)


@pytest.mark.parametrize(
    "data",
    [
        log(ONE, TWO),
        b"\xef\xbb\xbf" + log(ONE, TWO),
        json.dumps({"Records": [ONE, TWO]}, indent=2).encode(),
        json.dumps({"about": 1, "Records": [ONE, TWO]}).encode(),
        json.dumps([ONE, TWO]).encode(),
        lines(ONE, TWO),
        lines(ONE, TWO).replace(b"\n", b"\r\n\r\n"),
        lines({"eventData": ONE}, {"eventData": TWO}),
        lines({"eventData": json.dumps(ONE)}, {"eventData": json.dumps(TWO)}),
        json.dumps({"Events": [{"EventId": "x", "CloudTrailEvent": json.dumps(one)} for one in (ONE, TWO)]}).encode(),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_forms_of_a_file_say_the_same(data: bytes, packed: bool) -> None:
    assert (read_packed(data) if packed else read(data)) == EXPECTED


def test_a_single_event_is_a_file_too() -> None:
    assert read(json.dumps(ONE).encode()) == decode.tally_events([ONE], UNTIL)
    assert read(json.dumps({"eventData": ONE}).encode()) == decode.tally_events([ONE], UNTIL)


def test_members_that_were_put_together_are_read_one_after_the_other() -> None:
    data = lines(ONE, TWO)
    assert read(gzip.compress(data[:100], mtime=0) + gzip.compress(data[100:], mtime=0)) == EXPECTED
    assert read(gzip.compress(data, mtime=0) + bytes(1_000_000)) == EXPECTED


def test_lookup_answers_hold_the_record_as_text() -> None:
    answers = [{"EventId": "1", "EventTime": UNTIL, "CloudTrailEvent": json.dumps(one)} for one in (ONE, TWO)]
    assert decode.tally_events(answers, UNTIL) == EXPECTED


@pytest.mark.parametrize("time", ["2026-03-04 05:06:07.123", "2026-03-04T05:06:07.000Z", "2026-03-04 05:06:07 UTC"])
def test_moments_as_queries_write_them(time: str) -> None:
    ((_, one),) = decode.tally_events([event(eventTime=time)], UNTIL).uses.items()
    assert one.first.isoformat() == "2026-03-04T05:06:07+00:00"


@pytest.mark.parametrize(
    "time",
    [
        None,
        "",
        "yesterday",
        "2026-13-04T05:06:07Z",
        "2026-03-04T25:06:07Z",
        "1999-01-01T00:00:00Z",
        "2026-06-02T00:00:00Z",
        5,
    ],
)
def test_a_record_without_a_valid_time_is_odd_and_the_rest_is_read(time: Any) -> None:
    found = read(log(event(eventTime=time), ONE, TWO))
    assert (found.uses, found.events, found.malformed) == (EXPECTED.uses, 3, 1)


@pytest.mark.parametrize("odd", [5, "x", None, [], {"eventName": []}, {"eventName": 5}, {}, {"eventData": "{"}])
def test_an_odd_record_is_counted_and_the_rest_is_read(odd: Any) -> None:
    for data in (log(ONE, odd, TWO), json.dumps([odd, ONE, TWO]).encode(), lines(ONE, TWO, odd)):
        found = read(data)
        assert (found.uses, found.events, found.malformed) == (EXPECTED.uses, 3, 1)
        assert found.reasons.total() == 1


def test_a_record_that_is_not_utf8_is_odd_and_the_rest_is_read() -> None:
    odd = event("ec2:DescribeXVpcs")
    for data in (log(ONE, odd, TWO), lines(ONE, odd, TWO)):
        found = read(data.replace(b"DescribeX", b"Describe\xff"))
        assert (found.uses, found.reasons) == (EXPECTED.uses, {"not UTF-8": 1})


def test_numbers_that_stand_for_text_are_read_as_such() -> None:
    odd = {**ONE, "recipientAccountId": int(ACCOUNT), "userIdentity": {**ALICE, "accountId": int(ACCOUNT)}}
    assert read(log(odd, TWO)) == EXPECTED


def test_of_keys_that_stand_twice_the_last_one_counts() -> None:
    data = log(ONE, TWO).replace(b'"eventName":"ListUsers"', b'"eventName":"CreateUser","eventName":"ListUsers"')
    assert read(data) == EXPECTED


def test_records_that_stand_twice_are_no_log() -> None:
    data = log(ONE)[:-1] + b"," + log(TWO)[1:]
    assert "twice" in refused(data)


def test_the_word_records_elsewhere_does_no_harm() -> None:
    odd = {**ONE, "requestParameters": {"Records": [1], "x": {"Records": 1}}}
    assert read(log(odd, TWO)) == EXPECTED


def test_files_without_events_have_reasons_of_their_own() -> None:
    digest = json.dumps({"awsAccountId": ACCOUNT, "digestStartTime": "x", "logFiles": []}).encode()
    assert "digest" in refused(digest)
    assert "digest" in refused(log(ONE), "AWSLogs/1/CloudTrail-Digest/eu-west-1/2026/03/04/x.json.gz")
    assert "Insights" in refused(log(ONE), "AWSLogs/1/CloudTrail-Insight/eu-west-1/2026/03/04/x.json.gz")
    assert "Insights" in refused(log(event(eventType="AwsCloudTrailInsight")))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"hello", "no JSON"),
        (b"{}", "Records"),
        (b'{"a": 1}', "Records"),
        (b'{"Records": 5}', "damaged"),
        (log(ONE)[:-3], "cut off"),
        (log(ONE)[:200], "cut off"),
        (log(ONE) + b"x", "damaged"),
        (log(ONE).decode().encode("utf-16"), "UTF-8"),
        (log(ONE).decode().encode("utf-16-le"), "UTF-8"),
        (lines(ONE, TWO)[:-9], "cut off"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        (b"(\xb5/\xfd" + bytes(100), "Zstandard"),
        (random.Random(1).randbytes(1000), "no JSON"),
        (gzip.compress(log(ONE), mtime=0)[:-9], "cut off"),
        (gzip.compress(log(ONE), mtime=0)[:40], "cut off"),
        (gzip.compress(log(ONE), mtime=0) + b"garbage", "after the end"),
        (gzip.compress(log(ONE), mtime=0) + bytes(9) + b"garbage", "after the end"),
        (gzip.compress(log(ONE), mtime=0)[:-8] + bytes(8), "damaged"),
        (b"\x1f\x8b" + random.Random(2).randbytes(1000), "damaged"),
        (gzip.compress(b"", mtime=0), "empty"),
        (gzip.compress(random.Random(3).randbytes(1000), mtime=0), "no JSON"),
    ],
)
def test_what_is_no_whole_log_is_set_aside_with_a_reason(data: bytes, word: str) -> None:
    assert word in refused(data)


@pytest.mark.parametrize(
    "text", ['{"a":' * 200_000, "[" * 200_000, '{"Records":[{"requestParameters":' + "[" * 300_000]
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert refused(text.encode())


def test_deep_nesting_is_refused_where_it_is_whole_json_too() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    for text in (deep, f'{{"Records":[{{"x":{deep}}}]}}', f'{{"eventName":"x"}}\n{{"x":{deep}}}\n'):
        assert "deep" in refused(text.encode())


def test_what_unpacks_to_very_much_more_than_it_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "BOMB_FROM", 3_000_000)
    assert "200 times" in refused(gzip.compress(lines(ONE) * 5_000, 9, mtime=0))
    assert "longer than" in refused(gzip.compress(b'{"Records":[' + b" " * 50_000_000, 9, mtime=0))


def test_what_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST", 3_000_000)
    many = log(*[ONE] * 5000)
    assert "unpacks" in refused(many)
    assert "unpacks" in refused(gzip.compress(many, mtime=0))


def test_a_file_of_hardly_any_records_is_given_up() -> None:
    assert "Hardly anything" in refused(b"[" + b"1," * 30_000 + b"1]")


# Long texts are read in pieces


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "BLOCK", 3_000)
    monkeypatch.setattr(unpack, "PACKED", 3_000)
    monkeypatch.setattr(records, "WHOLE", 9_000)
    monkeypatch.setattr(records, "LONGEST", 20_000)


MANY = [
    event(
        "ec2:DescribeInstances",
        eventTime=f"2026-03-04T05:{number % 60:02d}:00Z",
        requestParameters={
            "filterSet": {"items": [{"name": "a},{b"}, {"eventVersion": "x"}, {"eventVersion": 'y"\\'}]}
        },
        userIdentity=session(f"s{number % 9}"),
    )
    for number in range(100)
]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        log(*MANY),
        json.dumps({"Records": MANY}, indent=1).encode(),
        json.dumps(MANY).encode(),
        json.dumps([dict(sorted(one.items(), reverse=True)) for one in MANY], separators=(",", ":")).encode(),
        lines(*MANY),
        lines(*({"eventData": one} for one in MANY)),
    ],
)
def test_a_long_text_says_the_same_as_a_short_one(data: bytes, packed: bool) -> None:
    assert (read_packed(data) if packed else read(data)) == decode.tally_events(MANY, UNTIL)


@pytest.mark.usefixtures("small_pieces")
def test_an_odd_record_of_a_long_text_is_counted() -> None:
    for data in (log(*MANY[:50], {"eventName": 5}, *MANY[50:]), lines(*MANY[:50], 5, *MANY[50:])):
        found = read(data)
        assert (found.events, found.malformed) == (101, 1)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    "data",
    [
        log(*MANY)[:-2],
        log(*MANY)[:-700],
        log(*MANY) + b"x",
        log(*MANY)[:-1] + b',"more":1}',
        log(*MANY[:60]) + log(*MANY[60:]),
        log(*MANY).replace(b'/s5"', b"/s5", 1),
        log(*MANY, {"x": "y" * 60_000}, *MANY),
        lines(*MANY)[:-20],
        lines(*MANY[:50]) + b"{oops\n" + lines(*MANY[50:]),
        lines(*MANY, {"x": "y" * 60_000}, *MANY),
        b'{"Records":[' + b" " * 60_000,
        b"[" * 60_000,
        b'{"Records":[' + b'{"a":' * 60_000,
        b"{" + b'"a' * 60_000,
    ],
)
def test_a_long_text_that_is_no_whole_log_is_refused(data: bytes) -> None:
    assert refused(data)


def peak(data: bytes) -> float:
    """MB of Python's objects."""
    tracemalloc.start()
    try:
        read(data)
    except NotALog:
        pass
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most / 1e6


@pytest.mark.parametrize(
    "text",
    [
        b'{"Records":[' + b"{}," * 750_000 + b"{}]}",
        b"[" + b"1," * 1_100_000 + b"1]",
        b"{}\n" * 750_000,
        b'{"Records":[{"eventName":"' + b"x" * 12_000_000 + b'"}]}',
    ],
)
def test_texts_of_nothing_take_bounded_memory(text: bytes) -> None:
    assert peak(gzip.compress(text, 1, mtime=0)) < 250


def test_many_sessions_are_five_samples() -> None:
    who = json.dumps(session("NAME"), separators=(",", ":"))
    start, end = log(event(userIdentity=session("NAME"))).decode().split(who)
    one = start[len('{"Records":[') :] + who + end[:-2]
    text = '{"Records":[' + ",".join(one.replace("NAME", f"n{number}") for number in range(20_000)) + "]}"
    found = read_packed(text.encode())
    ((_, total),) = found.uses.items()
    assert total.days == {date(2026, 3, 4): 20_000}
    assert total.sessions == ["n0", "n1", "n10", "n100", "n1000"]


def test_made_up_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "MOST_SUMS", 100)
    monkeypatch.setattr(gather, "MOST_UNKNOWN", 100)
    monkeypatch.setattr(gather, "MOST_ACCOUNTS", 100)
    users = [event(userIdentity={**ALICE, "arn": f"arn:aws:iam::{ACCOUNT}:user/u{number}"}) for number in range(150)]
    assert "different uses" in refused(log(*users))
    assert "nobody knows" in refused(log(*(event(f"nosuch:E{number}") for number in range(150))))
    assert "accounts" in refused(log(*(event(recipientAccountId=f"{number:012d}") for number in range(150))))


def test_made_up_days_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "MOST_DAYS", 100)
    monkeypatch.setattr(gather, "_LOOK", 50)
    days = [event(eventTime=f"20{number // 28:02d}-02-{1 + number % 28:02d}T00:00:00Z") for number in range(400, 600)]
    assert "too many days" in refused(log(*days))


def test_a_resource_more_than_is_told_apart_folds_them_all() -> None:
    events = [event("s3:GetObject", requestParameters={"bucketName": f"bucket-{one}"}) for one in range(250)]
    found = read(log(*events))
    ((key, total),) = found.uses.items()
    assert (key.resource, total.days) == ("", {date(2026, 3, 4): 250})


@pytest.mark.parametrize("bad", ["x\x00y", "x\ny", "<script>", "x" * 5000, "é", "=cmd()"])
def test_no_name_that_a_database_or_a_page_would_choke_on_is_kept(bad: str) -> None:
    events = [
        event(eventName=bad),
        event(eventSource=f"{bad}.amazonaws.com"),
        event(awsRegion=bad),
        event(recipientAccountId=bad),
        event(userIdentity={**ALICE, "arn": f"arn:aws:iam::{ACCOUNT}:user/{bad}"}),
        event(userIdentity={**session(), "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/{bad}"}),
        event("s3:GetObject", requestParameters={"bucketName": bad}, resources=[{"ARN": f"arn:aws:s3:::{bad}"}]),
        event(userAgent=bad, errorCode=bad, eventType=bad),
    ]
    found = decode.tally_events(events, UNTIL)
    assert found.events == len(events)
    kept = repr((found.uses, found.unknown, found.days))
    assert "\\x00" not in kept
    assert "\\n" not in kept
    assert "é" not in kept
    assert "x" * 3000 not in kept


def test_the_same_file_comes_to_the_same_again() -> None:
    data = gzip.compress(log(*MANY), mtime=0)
    assert read(data) == read(data)


def test_a_refused_file_leaves_nothing() -> None:
    found = Tally()
    with pytest.raises(NotALog):
        found.merge(decode.read(io.BytesIO(gzip.compress(lines(*MANY) + b"{", mtime=0)), "x", UNTIL))
    assert found == Tally()
