"""Where the elements stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.policy import MAX_DEPTH, Path, Position, Span, locate
from analyzers.policy.locate import position, repeated

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def cut(text: str, span: Span) -> str:
    return text[span.start.offset : span.end.offset]


def elements(value: Any, path: Path = ()) -> dict[Path, Any]:
    found = {path: value}
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        found |= elements(item, (*path, step))
    return found


def test_keys_and_values_have_lines_and_columns() -> None:
    text = '{\n  "Statement": [\n    {"Effect": "Allow"}\n  ]\n}\n'
    place = locate(text)["Statement", 0, "Effect"]
    assert place.key == Span(Position(3, 5, 24), Position(3, 13, 32))
    assert place.value == Span(Position(3, 15, 34), Position(3, 22, 41))
    whole = locate(text)[()]
    assert whole == (Span(Position(1, 0, 0), Position(5, 1, len(text) - 1)), None)


@given(json_values, st.sampled_from([None, 0, 1, "\t"]), st.booleans())
def test_each_span_holds_the_json_of_its_element(value: Any, indent: int | str | None, ascii_only: bool) -> None:
    text = "\n " + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + "\n"
    places = locate(text)
    expected = elements(value)
    assert places.keys() == expected.keys()
    for path, place in places.items():
        assert json.loads(cut(text, place.value)) == expected[path]
        assert (place.key is None) == (not path or isinstance(path[-1], int))
        if place.key:
            assert json.loads(cut(text, place.key)) == path[-1]
        for end in (*place.value, *(place.key or ())):
            assert end == position(text, end.offset)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("", []),
        ("?", [()]),
        ('{"a": 1, "b"', [("a",)]),
        ('{"a": 1, "b": ', [("a",)]),
        ('{"a": 1 "b": 2}', [("a",)]),
        ('{"a": 1, b: 2}', [("a",)]),
        ('{"a": 1, "\\x": 2}', [("a",)]),
        ('{"a": [1, 2}', [("a", 0), ("a", 1)]),
        ("[1, ", [(0,)]),
    ],
)
def test_it_stops_quietly_where_sense_ends(text: str, known: list[Path]) -> None:
    assert list(locate(text)) == known


@pytest.mark.parametrize("piece", ["[", '{"a":', '"', "\\", "[[],", '{"a":[],', "\n", "1,"])
def test_hostile_texts_take_linear_time(piece: str) -> None:
    # Quadratic work, or a path as deep as the text, would exhaust time and memory here.
    assert len(locate(piece * 200_000)) <= MAX_DEPTH


def test_empty_containers_and_depth() -> None:
    assert list(locate("[{}, []]")) == [(0,), (1,), ()]
    assert len(locate("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH)) == MAX_DEPTH + 1
    assert locate("[" * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1)) == {}


def test_of_a_repeated_key_the_last_counts() -> None:
    text = '{"a": 1, "a": 2}'
    assert cut(text, locate(text)["a",].value) == "2"
    path, key = repeated(text)
    assert (path, key.start.offset) == (("a",), 9)


def test_nothing_repeated_is_an_error() -> None:
    with pytest.raises(LookupError):
        repeated('{"a": [1, 1]}')
