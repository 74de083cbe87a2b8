"""Patterns taken apart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.policy.pattern import Token, Variable, Wildcard, tokens

ONE, RUN = Wildcard.ONE, Wildcard.RUN
texts = st.text(st.sampled_from("ab*?${},' "), max_size=30) | st.text(max_size=10)


def both(text: str) -> tuple[Token, ...]:
    return tokens(text, wildcards=True, variables=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("abc", ("abc",)),
        ("a*b?c", ("a", RUN, "b", ONE, "c")),
        ("a***b", ("a", RUN, "b")),
        ("a??b", ("a", ONE, ONE, "b")),
        ("*?*", (RUN, ONE, RUN)),
        ("${aws:username}", (Variable("aws:username"),)),
        ("x/${ AWS:UserName }/*", ("x/", Variable("aws:username"), "/", RUN)),
        ("${aws:PrincipalTag/team, 'Blue, Green'}", (Variable("aws:principaltag/team", "Blue, Green"),)),
        ("${a,''}", (Variable("a", ""),)),
        ("${a, '}", (Variable("a, '"),)),
        ("${a, b}", (Variable("a, b"),)),
        ("${a}${b}", (Variable("a"), Variable("b"))),
        ("${}", (Variable(""),)),
        ("a${*}b${?}c${$}d", ("a*b?c$d",)),
        ("${*}*", ("*", RUN)),
        ("*${*}*", (RUN, "*", RUN)),
        ("a${b", ("a${b",)),
        ("a}${*", ("a}${", RUN)),
        ("$a$", ("$a$",)),
        ("$${a}", ("$", Variable("a"))),
    ],
)
def test_wildcards_and_variables(text: str, expected: tuple[Token, ...]) -> None:
    found = both(text)
    assert found == expected
    assert [type(token) for token in found] == [type(token) for token in expected]


def test_without_variables_all_is_ordinary_text() -> None:
    assert tokens("${a*}", wildcards=True, variables=False) == ("${a", RUN, "}")
    assert tokens("${a*}?", wildcards=False, variables=False) == ("${a*}?",)


def test_without_wildcards_only_variables_are_special() -> None:
    assert tokens("*${a}?${*}", wildcards=False, variables=True) == ("*", Variable("a"), "?*")


def test_a_literal_star_is_no_wildcard() -> None:
    assert both("${*}") != both("*")
    assert hash(RUN) != hash("*")


def spelled(found: tuple[Token, ...]) -> str:
    """The text back from its pieces."""
    text = ""
    for token in found:
        if isinstance(token, Wildcard):
            text += token.value
        elif isinstance(token, Variable):
            text += f"${{{token.key}{'' if token.default is None else f', {token.default!r}'}}}"
        else:
            text += token.replace("$", "${$}").replace("*", "${*}").replace("?", "${?}")
    return text


@given(texts)
def test_spelled_out_and_read_again_the_pieces_are_the_same(text: str) -> None:
    found = both(text)
    if not any(isinstance(token, Variable) and (token.default or "").count("'") for token in found):
        assert both(spelled(found)) == found


@given(texts, st.booleans(), st.booleans())
def test_neighbours_are_merged_and_nothing_is_empty(text: str, wildcards: bool, variables: bool) -> None:
    found = tokens(text, wildcards=wildcards, variables=variables)
    assert "" not in found
    for left, right in pairwise(found):
        assert not (type(left) is str and type(right) is str)
        assert not (left is RUN and right is RUN)
    if not variables:
        assert "".join(token.value if isinstance(token, Wildcard) else str(token) for token in found) == (
            text if not wildcards else collapsed(text)
        )


def collapsed(text: str) -> str:
    while "**" in text:
        text = text.replace("**", "*")
    return text


@pytest.mark.parametrize("piece", ["${", "$", "*", "?", "${a}", "${" + " " * 500 + "}", "a*", "${a,'", "}", "${ , "])
def test_hostile_patterns_take_linear_time(piece: str) -> None:
    text = piece * 100_000
    assert both(text)
    assert tokens(text, wildcards=False, variables=False) == (text,)


def test_long_texts_are_read_as_short_ones() -> None:
    assert both("a*" * 1000) == ("a", RUN) * 1000
