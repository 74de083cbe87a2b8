"""What the parser refuses: the message, the path, the place and the caret."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from analyzers.policy import MAX_BYTES, MAX_DEPTH, Path, PolicyError, parse, parse_value, pretty, spell

STATEMENT = '"Effect": "Allow", "Action": "*"'


def refused(text: str | bytes) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parse(text)
    return caught.value


def under_caret(error: PolicyError) -> str:
    """The shown line from the caret on."""
    _, line, caret = str(error).split("\n")
    return line[caret.index("^") :]


def document(*elements: str) -> str:
    return '{"Statement": [{' + ", ".join(elements) + "}]}"


def test_a_refusal_reads_well() -> None:
    text = '{\n  "Statement": [\n    {"Effect": "allow", "Action": "*"}\n  ]\n}'
    assert str(refused(text)) == (
        "A statement needs Effect, 'Allow' or 'Deny', in exactly this spelling"
        " (Statement[0].Effect, line 3, column 16).\n"
        '        {"Effect": "allow", "Action": "*"}\n'
        "                   ^"
    )
    assert refused(text).position == (3, 15, text.index('"allow"'))


@pytest.mark.parametrize(
    ("text", "expected", "path", "caret"),
    [
        ("[]", "A policy is a JSON object.", (), "[]"),
        ('"x"', "A policy is a JSON object.", (), '"x"'),
        ("null", "A policy is a JSON object.", (), "null"),
        ("{}", "A policy needs the element 'Statement'.", ("Statement",), "{}"),
        ('{"Statement": []}', "at least one", ("Statement",), "[]}"),
        ('{"Statement": "x"}', "an object or a list", ("Statement",), '"x"}'),
        ('{"Statement": null}', "an object or a list", ("Statement",), "null}"),
        ('{"Statement": [7]}', "A statement is a JSON object.", ("Statement", 0), "7]}"),
        ('{"Version": "2020-01-01", "Statement": {}}', "2012-10-17", ("Version",), '"2020'),
        ('{"Version": [], "Statement": {}}', "2012-10-17", ("Version",), "[]"),
        ('{"Version": 2012, "Statement": {}}', "2012-10-17", ("Version",), "2012,"),
        (f'{{"Id": 5, "Statement": {{{STATEMENT}}}}}', "Id is a text.", ("Id",), "5,"),
        (document('"Action": "*"'), "needs Effect", ("Statement", 0, "Effect"), '{"Action"'),
        (document('"Effect": []', '"Action": "*"'), "needs Effect", ("Statement", 0, "Effect"), "[]"),
        (document('"Effect": "Allow"'), "needs Action or NotAction", ("Statement", 0), '{"Effect"'),
        (document(STATEMENT, '"Sid": 5'), "Sid is a text.", ("Statement", 0, "Sid"), "5}"),
        (document(STATEMENT, '"Sid": null'), "Sid is a text.", ("Statement", 0, "Sid"), "null}"),
        (
            document(STATEMENT, '"NotAction": "*"'),
            "Either Action or NotAction",
            ("Statement", 0, "NotAction"),
            '"*"}',
        ),
        (
            document(STATEMENT, '"Resource": "*"', '"NotResource": "a"'),
            "Either Resource or NotResource",
            ("Statement", 0, "NotResource"),
            '"a"}',
        ),
        (
            document(STATEMENT, '"NotPrincipal": "*"', '"Principal": "*"'),
            "Either Principal or NotPrincipal",
            ("Statement", 0, "NotPrincipal"),
            '"*", "Principal"',
        ),
        (document(STATEMENT, '"Resource": 5'), "A text or a list", ("Statement", 0, "Resource"), "5}"),
        (document(STATEMENT, '"Resource": []'), "At least one text", ("Statement", 0, "Resource"), "[]"),
        (document(STATEMENT, '"Resource": ["a", 5]'), "A text is", ("Statement", 0, "Resource", 1), "5]"),
        (document(STATEMENT, '"Principal": "me"'), "A principal is", ("Statement", 0, "Principal"), '"me"'),
        (document(STATEMENT, '"Principal": {}'), "A principal is", ("Statement", 0, "Principal"), "{}"),
        (
            document(STATEMENT, '"Principal": {"AWS": []}'),
            "At least one text",
            ("Statement", 0, "Principal", "AWS"),
            "[]",
        ),
        (document(STATEMENT, '"Condition": []'), "Condition is", ("Statement", 0, "Condition"), "[]"),
        (document(STATEMENT, '"Condition": null'), "Condition is", ("Statement", 0, "Condition"), "null"),
        (
            document(STATEMENT, '"Condition": {"Bool": "x"}'),
            "an object of keys",
            ("Statement", 0, "Condition", "Bool"),
            '"x"',
        ),
        (
            document(STATEMENT, '"Condition": {"Bool": {"k": []}}'),
            "At least one value",
            ("Statement", 0, "Condition", "Bool", "k"),
            "[]",
        ),
        (
            document(STATEMENT, '"Condition": {"Bool": {"k": null}}'),
            "A text, a number, true or false",
            ("Statement", 0, "Condition", "Bool", "k"),
            "null",
        ),
        (
            document(STATEMENT, '"Condition": {"Bool": {"k": ["a", {}]}}'),
            "A text, a number, true or false",
            ("Statement", 0, "Condition", "Bool", "k", 1),
            "{}",
        ),
    ],
)
def test_what_is_no_policy_is_refused_at_its_place(text: str, expected: str, path: Path, caret: str) -> None:
    error = refused(text)
    assert expected in error.message
    assert error.path == path
    assert error.where == spell(path)
    assert under_caret(error).startswith(caret)


@pytest.mark.parametrize(
    ("text", "expected", "caret"),
    [
        ("not json", "The document is not JSON", "not json"),
        ('{"a": 1,}', "The document is not JSON", "}"),
        ('{"a": tru}', "The document is not JSON", "tru"),
        ('{"a": "\x01"}', "The document is not JSON", "\N{REPLACEMENT CHARACTER}"),
        ("{} {}", "The end of the document is expected", "{}"),
        ('{"Statement": [', "ends too early", ""),
        ('{"Statement": "Al', "ends too early", '"Al'),
        ('{"a": NaN}', "not NaN", "NaN"),
        ('{"NaN": "NaN", "a": -Infinity}', "not NaN", "-Infinity"),
        ('{"a": "\\ud800"}', "half of a surrogate pair", "\\ud800"),
        ('{"a": "\\\\\\uDC00"}', "half of a surrogate pair", "\\uDC00"),
        ('{"a": "\\ud83d\\ude00\\ud83d"}', "half of a surrogate pair", '\\ud83d"'),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(text: str, expected: str, caret: str) -> None:
    error = refused(text)
    assert expected in error.message
    assert under_caret(error).startswith(caret)


@pytest.mark.parametrize("text", ["", "  \n", b""])
def test_an_empty_document_is_refused(text: str | bytes) -> None:
    assert refused(text).message == "The document is empty; a JSON object is expected."


@pytest.mark.parametrize(
    ("text", "path", "caret"),
    [
        (f'{{"Statement": {{{STATEMENT}}}, "Statement": {{}}}}', ("Statement",), '"Statement": {}}'),
        (document(STATEMENT, '"Effect": "Deny"'), ("Statement", 0, "Effect"), '"Effect": "Deny"'),
        (
            document(STATEMENT, '"Condition": {"Bool": {"a": "x", "\\u0061": "y"}}'),
            ("Statement", 0, "Condition", "Bool", "a"),
            '"\\u0061"',
        ),
        ('{"Comment": [{"b": 1, "b": 2}], "Statement": 5}', ("Comment", 0, "b"), '"b": 2}'),
        ('{"a": {"b": 1, "b": 2}, "a": {"b": 3}}', ("a",), '"a": {"b": 3}'),
    ],
)
def test_an_element_that_occurs_twice_is_refused(text: str, path: Path, caret: str) -> None:
    error = refused(text)
    assert error.message == f"The element {path[-1]!r} occurs twice; once is expected."
    assert error.path == path
    assert under_caret(error).startswith(caret)


def test_another_encoding_is_refused() -> None:
    assert refused(b'{"a": "\xff"}').message == "The document is not UTF-8 (byte 7)."
    assert "not UTF-8" in refused("{}".encode("utf-16")).message
    assert refused('{"a": "\ud800"}').message == "Character 7 of the document is half of a surrogate pair."


def test_a_document_may_be_large_but_not_huge() -> None:
    fits = '{"Statement": {' + STATEMENT + "}}"
    parse(fits + " " * (MAX_BYTES - len(fits)))
    assert "1,048,577 bytes" in refused(fits + " " * (MAX_BYTES - len(fits) + 1)).message
    assert "1,048,578 bytes" in refused("\N{LATIN SMALL LETTER E WITH ACUTE}" * (MAX_BYTES // 2 + 1)).message
    assert "bytes; at most" in refused(b" " * (MAX_BYTES + 1)).message


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
def test_nesting_has_a_limit(opening: str, closing: str) -> None:
    def nested(levels: int) -> str:
        return f'{{"Statement": {{{STATEMENT}}}, "x": {opening * (levels - 1)}1{closing * (levels - 1)}}}'

    assert parse(nested(MAX_DEPTH)).opaque
    error = refused(nested(MAX_DEPTH + 1))
    assert error.message == "At most 40 levels of nesting are expected."
    assert under_caret(error).startswith(opening + "1")


def test_brackets_within_texts_are_no_nesting() -> None:
    text = document('"Effect": "Allow"', '"Action": "' + "[{" * 100 + '\\"["')
    assert parse(text).statements[0].actions is not None
    many = document('"Effect": "Allow"', '"Action": ["a"]', '"Condition": {"Bool": {"a": ["b"]}}')
    whole = parse('{"Statement": [' + ",".join([many[15:-2]] * 30) + "]}")
    assert len(whole.statements) == 30


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 50_000 + "]" * 50_000,
        '"' + "\\" * 500_000,
        '"' * 500_001,
        document('"Effect": "Allow"', '"Action": [' + "[]," * 200_000 + "[]]"),
        "{" + ",".join(f'"{number}": 1' for number in range(50_000)) + "}",
        '{"' + "k" * 500_000 + '": 1, "' + "k" * 500_000 + '": 2}',
        document(STATEMENT, '"Condition": {"Bool": {"' + "\\u0001" * 100_000 + '": []}}'),
        "{" + "\n" * 500_000 + "x",
        "-" + "9" * 1_000_000,
    ],
    ids=range(11),
)
def test_a_bomb_is_refused_quickly_and_in_few_words(text: str) -> None:
    error = refused(text)  # takes some 0.1 s; quadratic work would take minutes
    assert len(str(error)) < 1500
    assert len(error.message) < 300


def test_the_shown_line_is_a_window_around_the_place() -> None:
    text = "{" + " " * 1000 + '"Version": 7, "x": "' + "y" * 1000 + '"}'
    error = refused(text)
    line = str(error).split("\n")[1]
    assert len(line) == 104
    assert under_caret(error).startswith("7,")


def test_tabs_carriage_returns_and_control_characters_do_not_move_the_caret() -> None:
    error = refused('{\r\n\t"\N{RIGHT-TO-LEFT OVERRIDE}": 1,\t"Statement": 5\r\n}')
    assert under_caret(error) == "5"
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in str(error)


def test_an_error_without_a_place_is_its_message() -> None:
    assert str(PolicyError("No.")) == "No."
    assert str(PolicyError("No.", path=("Statement", 1, "Sid"))) == "No (Statement[1].Sid)."


def test_a_long_path_is_cut() -> None:
    assert spell(("a", 0, "b" * 100, "c")) == "a[0]." + "b" * 60 + "....c"
    assert len(spell(("b" * 60,) * 40)) == 303


def test_an_error_survives_being_sent_to_another_process() -> None:
    error = refused(document('"Effect": 5'))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.path, again.position) == (str(error), error.path, error.position)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "expected", "path"),
    [
        ({"a": float("nan")}, "A JSON number", ("a",)),
        ({"a": [1.5, float("-inf")]}, "A JSON number", ("a", 1)),
        ({"a": {1}}, "A JSON value is expected, not 'set'.", ("a",)),
        ({"a": {5: 1}}, "The name of an element is a text, not '5'.", ("a",)),
        ({"a": "\ud800"}, "half of a surrogate pair", ()),
        ({"\ud800": 1}, "half of a surrogate pair", ()),
        (deep(100_000), "At most 40 levels", (0,) * 41),
        ([], "A policy is a JSON object.", ()),
        ({"Statement": {"Effect": "allow"}}, "needs Effect", ("Statement", "Effect")),
        ({"a": "x" * MAX_BYTES}, "bytes; at most", ()),
    ],
)
def test_a_value_that_is_no_policy_is_refused(value: Any, expected: str, path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_value(value)
    assert expected in caught.value.message
    assert caught.value.path == path


def test_pretty_keeps_order_tuples_and_large_numbers() -> None:
    assert pretty({"b": (1, 2.5), "a": None}) == json.dumps({"b": [1, 2.5], "a": None}, indent=2)
    assert pretty({"a": 10**30}) == '{\n  "a": 1' + "0" * 30 + "\n}"


def test_a_place_in_another_text_is_left_out() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_value({"Statement": 5}, "]")
    assert caught.value.position is None
