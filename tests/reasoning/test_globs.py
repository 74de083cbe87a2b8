"""The classes of a set of globs: every string falls into exactly the class that matching one by one says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.policy.pattern import tokens
from analyzers.reasoning.automata import MAX_STATES, TooManyClasses, Walk
from analyzers.reasoning.classes import Classes
from analyzers.reasoning.globs import Glob, concat, glob, literal, matches, residuals

PATTERNS = st.text(alphabet="ab:*?", max_size=7)
TEXTS = st.text(alphabet="abc:", max_size=9)


def read(text: str, *, fields: int = 0) -> Glob:
    return glob(tokens(text, wildcards=True, variables=False), fields=fields)


def oracle(pattern: str, text: str) -> bool:
    """The same by regular expression, for short inputs only."""
    spelled = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(spelled, text, re.DOTALL) is not None


@given(PATTERNS, TEXTS)
def test_a_glob_matches_what_the_regular_expression_matches(pattern: str, text: str) -> None:
    assert matches(read(pattern), text) == oracle(pattern, text)


GROUPS = st.lists(st.lists(PATTERNS, min_size=1, max_size=3), min_size=1, max_size=4)


def bits_of(groups: list[list[str]], text: str) -> int:
    return sum(1 << i for i, group in enumerate(groups) if any(oracle(p, text) for p in group))


@given(GROUPS, TEXTS)
def test_every_string_falls_into_a_class_that_exists(groups: list[list[str]], text: str) -> None:
    classes = Classes([[read(p) for p in group] for group in groups])
    assert bits_of(groups, text) in classes.cells


@given(GROUPS)
def test_the_example_of_a_class_belongs_to_it(groups: list[list[str]]) -> None:
    classes = Classes([[read(p) for p in group] for group in groups])
    for bits, example in classes.cells.items():
        assert bits == bits_of(groups, example)


@given(GROUPS, st.lists(TEXTS, max_size=5))
def test_a_readable_example_belongs_to_its_class(groups: list[list[str]], texts: list[str]) -> None:
    classes = Classes([[read(p) for p in group] for group in groups])
    before = set(classes.cells)
    classes.seed(texts)
    assert set(classes.cells) == before
    assert all(bits == bits_of(groups, example) for bits, example in classes.cells.items())


def test_patterns_that_are_asked_about_together_do_not_multiply() -> None:
    patterns = [read(f"*{c}x{c}*") for c in "abcdefghij"]
    assert set(Classes([patterns], most=500).cells) == {0, 1}


@given(PATTERNS, st.text(alphabet="ab:", max_size=4), TEXTS)
def test_what_is_left_of_a_glob_after_a_prefix(pattern: str, prefix: str, rest: str) -> None:
    left = residuals(read(pattern), prefix)
    assert any(matches(one, rest) for one in left) == oracle(pattern, prefix + rest)


def test_a_wildcard_in_a_field_does_not_cross_the_colon() -> None:
    pattern = read("a:*:b*", fields=2)
    assert matches(pattern, "a:x:b:c")
    assert not matches(pattern, "a:x:y:b")


def test_the_universe_limits_the_classes() -> None:
    cells = Classes([[read("a*")]], universe=[literal("b"), literal("ab")]).cells
    assert cells == {0: "b", 1: "ab"}


def test_a_seed_is_preferred_as_the_example_of_its_class() -> None:
    classes = Classes([[read("s3:*")]])
    classes.seed(["ec2", "s3:getobject", "s3:putobject"])
    assert set(classes.cells.values()) == {"ec2", "s3:getobject"}


def test_case_is_ignored_on_demand() -> None:
    folded = literal("Ab", fold=True)
    assert matches(folded, "aB")
    assert not matches(literal("Ab"), "aB")


def test_neighbouring_runs_are_one() -> None:
    assert concat(read("a*"), read("*b")) == read("a*b")


def test_globs_that_overlap_in_too_many_ways_are_refused() -> None:
    with pytest.raises(TooManyClasses, match="overlapping"):
        Classes([[read(f"*{c}x{c}*")] for c in "abcdefghij"], most=500)


def test_an_alphabet_that_takes_all_fillers_still_has_another_character() -> None:
    everything = "x0y1z2w3v4u5t6s7r8q9abcdefghijklmnop"
    cells = Classes([[literal(c)] for c in everything]).cells
    assert cells[0] == ""
    assert len(cells) == len(everything) + 1


ENDS = ("", "*", "*a", "*b:", "?")
BEGINNINGS = st.builds(str.__add__, st.text(alphabet="ab:", max_size=3), st.sampled_from(ENDS))
MOSTLY_BEGINNINGS = st.lists(st.lists(BEGINNINGS, min_size=1, max_size=3), min_size=1, max_size=5)
UNIVERSES = st.sampled_from([("*",), ("?*:?*",), ("a*:*", "b"), ("ab:*", ":b:*")])


@settings(max_examples=400, deadline=None)
@given(MOSTLY_BEGINNINGS, UNIVERSES)
def test_classes_by_their_beginnings_are_those_of_the_whole_product(
    groups: list[list[str]], universe: tuple[str, ...]
) -> None:
    patterns, within = [[read(p) for p in group] for group in groups], [read(p) for p in universe]
    found = Classes(patterns, universe=within)
    assert set(found.cells) == set(Walk(patterns, within, MAX_STATES).cells)
    for bits, example in found.cells.items():
        assert bits == bits_of(groups, example) == found.bits(example)
        assert any(oracle(p, example) for p in universe)


@given(MOSTLY_BEGINNINGS, UNIVERSES, TEXTS)
def test_a_text_is_told_its_class(groups: list[list[str]], universe: tuple[str, ...], text: str) -> None:
    found = Classes([[read(p) for p in group] for group in groups], universe=[read(p) for p in universe])
    inside = any(oracle(p, text) for p in universe)
    assert found.bits(text) == (bits_of(groups, text) if inside else None)
    assert not inside or found.bits(text) in found.cells


def test_beginnings_cost_no_walk() -> None:
    beginnings = [[read(f"ec2:{'x' * n}{c}*")] for n in range(40) for c in "abcde"]
    assert len(Classes(beginnings, most=300).cells) == len(beginnings) + 1


def test_what_begins_with_a_text_takes_the_walk_for_granted() -> None:
    groups = [[read("s3:*")], [read("s3:Get*")], [read("s3:*Object")], [read("ec2:*")]]
    cells = Classes(groups, universe=[read("?*:?*")]).cells
    assert set(cells) == {0b0000, 0b0001, 0b0011, 0b0101, 0b0111, 0b1000}
