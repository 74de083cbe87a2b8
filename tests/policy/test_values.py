"""Values of conditions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.policy.values import binary, boolean, instant, network, number

HOSTILE = ["9" * 1_000_000, " " * 1_000_000, "1e999999999", "1" * 101, "\0", "\U0001f600", "1_000", "\u0663"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", Fraction(10)),
        ("10.0", Fraction(10)),
        (" -1.5 ", Fraction(-3, 2)),
        ("+.5", Fraction(1, 2)),
        ("1.", Fraction(1)),
        ("1e3", Fraction(1000)),
        ("25E-1", Fraction(5, 2)),
        ("0.1", Fraction(1, 10)),
        ("", None),
        (".", None),
        ("1.2.3", None),
        ("0x10", None),
        ("1/2", None),
        ("NaN", None),
        ("inf", None),
        ("1e1000", None),
        ("1 2", None),
    ],
)
def test_numbers(text: str, expected: Fraction | None) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970", 0),
        ("1970-02", 31 * 86400),
        ("1970-01-02", 86400),
        ("1970-01-01T01:01Z", 3660),
        ("1970-01-01T01:01:01", 3661),
        ("1970-01-01T00:00:00.25Z", Fraction(1, 4)),
        ("1970-01-01T02:00:00+01:30", 1800),
        ("1970-01-01T00:00:00-0130", 5400),
        ("1969-12-31T23:59:59.5Z", Fraction(-1, 2)),
        (" 2013-06-30T00:00:00Z ", 1372550400),
        ("1372550400", 1372550400),
        ("1372550400.5", Fraction(2745100801, 2)),
        ("-1", -1),
        ("0001-01-01", -62135596800),
        ("0000-01-01", None),
        ("2013-13-01", None),
        ("2013-02-30", None),
        ("2013-06-30T24:00:00Z", None),
        ("2013-06-30T00:00:00+99:99", None),
        ("2013-06-30Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_instants(text: str, expected: Fraction | int | None) -> None:
    assert instant(text) == expected


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),  # noqa: DTZ001
    st.integers(-19 * 60, 19 * 60),
)
def test_an_instant_does_not_depend_on_its_zone(moment: datetime, minutes: int) -> None:
    utc = moment.replace(tzinfo=UTC)
    there = utc.astimezone(timezone(timedelta(minutes=minutes)))
    assert instant(there.isoformat()) == instant(utc.isoformat()) == instant(moment.isoformat() + "Z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("203.0.113.7", "203.0.113.7/32"),
        (" 0.0.0.0/0 ", "0.0.0.0/0"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
    ],
)
def test_networks(text: str, expected: str) -> None:
    assert network(text) == ip_network(expected)


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4/33", "::/129", "fe80::1%eth0", "1.2.3.4/", "x", "1.2.3.*"])
def test_what_is_no_network(text: str) -> None:
    assert network(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("FALSE", False), (" True ", True), ("", None), ("1", None), ("yes", None)],
)
def test_truths(text: str, expected: bool | None) -> None:
    assert boolean(text) is expected


@given(st.binary())
def test_base_64_comes_back(content: bytes) -> None:
    assert binary(base64.b64encode(content).decode()) == content


@pytest.mark.parametrize("text", ["a", "ab=c", "Q Q=", "QQ", "\u00e4===", "!!!!"])
def test_what_is_no_base_64(text: str) -> None:
    assert binary(text) is None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_no_values(text: str) -> None:
    assert number(text) is None
    assert instant(text) is None
    assert network(text) is None
    assert boolean(text) is None


@given(st.text())
def test_no_text_makes_a_reader_fail(text: str) -> None:
    for read, kind in ((number, Fraction), (instant, Fraction), (boolean, bool), (binary, bytes)):
        assert read(text) is None or isinstance(read(text), kind)
    assert network(text) is None or network(str(network(text))) == network(text)
