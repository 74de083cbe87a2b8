"""What could be left out without a change of access: proven, or not told.

That one pattern covers another is proved by automata (`coverage.py`); that one statement covers another follows from
its parts, or is asked of the solver. What takes too long is not called redundant.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from analyzers.policy import PolicyError, parse_value, values
from analyzers.policy.errors import quote
from analyzers.policy.operators import Family

from .condition_keys import lines
from .coverage import covers, may_begin
from .document import Document, Line, Statement, Text
from .knowledge import is_wild
from .rule import Found, Rule, found
from .values import FindingType

MOST_PAIRS = 100_000
"""Pairs of patterns in a list that are compared; a longer list is looked through for equal ones only."""
MOST_STATEMENTS = 120
"""Statements of a policy that are compared with each other; of more, only equal ones are found."""
MOST_QUESTIONS = 2
"""Questions that the solver is asked about one policy."""
SECONDS = 1.0
"""That it may take for each."""

_Covers = Callable[[str, str], bool]


def redundant_action(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for name in ("Action", "NotAction"):
            texts = statement.texts(name)
            written = {text.path: text for text in texts}
            for wide, narrow in _groups([Text(text.lower, text.path) for text in texts], covers):
                yield _told("action", written[wide.path], [written[text.path] for text in narrow])


def redundant_resource(document: Document) -> Iterator[Found]:
    cover = _resource_cover(document)
    for statement in document.statements:
        for name in ("Resource", "NotResource"):
            for wide, narrow in _groups(statement.texts(name), cover):
                yield _told("resource", wide, narrow)


def _resource_cover(document: Document) -> _Covers:
    """One ARN covers another if it does whether or not a wildcard runs over colons: AWS documents both."""

    def cover(wide: str, narrow: str) -> bool:
        return all(covers(wide, narrow, variables=document.current, fields=fields) for fields in (0, 5))

    return cover


def _told(what: str, wide: Text, narrow: Sequence[Text]) -> Found:
    names = ", ".join(quote(text.value) for text in narrow[:3]) + (", ..." if len(narrow) > 3 else "")
    number = f"{len(narrow)} {what}s are" if len(narrow) > 1 else f"One {what} is"
    return found(
        f"{number} covered by {quote(wide.value)} in the same list: {names}. Remove what is covered or, if the "
        "wildcard is too wide, remove that.",
        wide.path,
        *(text.path for text in narrow),
    )


def _groups(texts: Sequence[Text], cover: _Covers) -> Iterator[tuple[Text, list[Text]]]:
    """Texts that cover others of the list. Each is covered by one at most, and what is covered covers nothing."""
    first: dict[str, Text] = {}
    groups: dict[str, list[Text]] = {}
    for text in texts:
        if text.value in first:
            groups.setdefault(text.value, []).append(text)
        else:
            first[text.value] = text
    wild = [value for value in first if is_wild(value)]
    if len(wild) * len(first) <= MOST_PAIRS:
        covered: set[str] = set()
        for wide in wild:
            if wide in covered:
                continue
            for narrow, text in first.items():
                if may_begin(wide, narrow) and narrow != wide and narrow not in covered and cover(wide, narrow):
                    covered.add(narrow)
                    groups.setdefault(wide, []).append(text)
                    groups[wide] += groups.pop(narrow, [])
    for value, narrower in groups.items():
        yield first[value], sorted(narrower, key=lambda text: str(text.path[-1]).zfill(6))


def redundant_condition_value_num(document: Document) -> Iterator[Found]:
    for line in lines(document):
        rule = line.rule
        if rule is None or rule.family is not Family.NUMERIC or rule.comparison not in {"lt", "le", "gt", "ge"}:
            continue
        numbers = [(number, value) for value in line.values if (number := values.number(value.value)) is not None]
        if len(numbers) < 2 or len(numbers) < len(line.values):
            continue
        widest = (max if rule.comparison in {"lt", "le"} else min)(numbers, key=lambda pair: pair[0])
        rest = [value for _, value in numbers if value is not widest[1]]
        yield found(
            f"Of several values under {line.name} only {widest[1].value} decides. Remove the others.",
            *(value.path for value in rest),
        )


# -- statements ----------------------------------------------------------------------------------------------------


def redundant_statement(document: Document) -> Iterator[Found]:
    statements = [one for one in document.statements if one.effect and one.actions and _is_whole(one)]
    equal: dict[str, Statement] = {}
    distinct: list[Statement] = []
    for statement in statements:
        first = equal.setdefault(_content(statement), statement)
        if first is statement:
            distinct.append(statement)
        else:
            yield _statement(statement, first, "says the same as")
    if len(distinct) <= MOST_STATEMENTS:
        yield from _covered(document, distinct)


def _content(statement: Statement) -> str:
    return json.dumps({name: value for name, value in statement.raw.items() if name != "Sid"}, sort_keys=True)


def _covered(document: Document, statements: Sequence[Statement]) -> Iterator[Found]:
    resource_cover = _resource_cover(document)
    gone: set[int] = set()
    questions = 0
    for narrow in statements:
        for wide in statements:
            if wide is narrow or wide.index in gone or not _parts_covered(wide, narrow, resource_cover):
                continue
            proved = _conditions_covered(wide, narrow)
            if not proved and questions < MOST_QUESTIONS and _worth_asking(wide, narrow):
                questions += 1
                proved = _asked(document, wide, narrow)
            if proved:
                gone.add(narrow.index)
                yield _statement(narrow, wide, "adds nothing to")
                break


def _statement(narrow: Statement, wide: Statement, relation: str) -> Found:
    return found(
        f"Statement {narrow.index + 1} {relation} statement {wide.index + 1}. Remove it.", narrow.path, wide.path
    )


def _is_whole(statement: Statement) -> bool:
    """Whether nothing in it was left out when it was read."""
    pairs = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
    if any(one in statement.raw and other in statement.raw for one, other in pairs):
        return False
    return all(line.rule is not None and line.values for line in statement.lines)


def _parts_covered(wide: Statement, narrow: Statement, resource_cover: _Covers) -> bool:
    if (wide.effect, wide.action_element, wide.resource_element, wide.principal_element) != (
        narrow.effect,
        narrow.action_element,
        narrow.resource_element,
        narrow.principal_element,
    ):
        return False
    return (
        _principals_covered(wide, narrow)
        and _texts_covered(wide.lower_actions, narrow.lower_actions, covers, wide.has_not_action)
        and _texts_covered(wide.resources, narrow.resources, resource_cover, wide.has_not_resource)
    )


def _texts_covered(wide: Sequence[Text], narrow: Sequence[Text], cover: _Covers, negated: bool) -> bool:
    """Each narrow text by one wide; of a negated element the other way round."""
    outer, inner = (narrow, wide) if negated else (wide, narrow)
    return all(
        any(
            one.value == text.value or (may_begin(one.value, text.value) and cover(one.value, text.value))
            for one in outer
        )
        for text in inner
    )


def _principals_covered(wide: Statement, narrow: Statement) -> bool:
    outer = {(principal.kind, principal.value) for principal in wide.principals}
    inner = {(principal.kind, principal.value) for principal in narrow.principals}
    if wide.principal_element == "NotPrincipal":
        return outer == inner
    return inner <= outer or ("*", "*") in outer


def _said(line: Line) -> tuple[object, str, frozenset[str]]:
    return line.operator, line.lower, frozenset(value.value for value in line.values)


def _conditions_covered(wide: Statement, narrow: Statement) -> bool:
    """Whether the wide statement asks for nothing that the narrow one does not ask for."""
    return {_said(line) for line in wide.lines} <= {_said(line) for line in narrow.lines}


def _worth_asking(wide: Statement, narrow: Statement) -> bool:
    """Whether the narrow statement looks at all keys that the wide one looks at, with operators of the same family."""
    asked = {(line.lower, line.family) for line in narrow.lines}
    return all((line.lower, line.family) in asked for line in wide.lines)


def _asked(document: Document, wide: Statement, narrow: Statement) -> bool:
    """Whether the solver proves that the narrow statement matches no request that the wide one does not."""
    from analyzers.reasoning import no_new_access
    from analyzers.reasoning.verdict import Answer

    try:
        existing, new = (
            parse_value({"Version": document.value.get("Version"), "Statement": [{**one.raw, "Effect": "Allow"}]})
            for one in (wide, narrow)
        )
    except PolicyError:
        return False
    return no_new_access(existing, new, seconds=SECONDS).answer is Answer.PROVED


RULES = (
    Rule("REDUNDANT_ACTION", FindingType.SUGGESTION, redundant_action),
    Rule("REDUNDANT_RESOURCE", FindingType.SUGGESTION, redundant_resource),
    Rule("REDUNDANT_STATEMENT", FindingType.SUGGESTION, redundant_statement),
    Rule("REDUNDANT_CONDITION_VALUE_NUM", FindingType.SUGGESTION, redundant_condition_value_num),
)
