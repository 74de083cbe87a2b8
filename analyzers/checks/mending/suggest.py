"""Changes that may do it. Nothing is proved here: `proving` decides which of them are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from analyzers.policy.model import Condition, Path, Patterns, Principals, Statement
from analyzers.policy.operators import Family, lookup
from analyzers.reasoning.formula import conj, negate

from .actions import narrowed
from .editing import GONE, Edit
from .ground import Ground, raw_statements
from .targets import EVERYBODY, Granted, Listed, Public
from .values import PLAINEST, Kind

_WITHOUT_SERVICES: tuple[tuple[str, str, str], ...] = (("BoolIfExists", "aws:PrincipalIsAWSService", "false"),)


class Suggestion(NamedTuple):
    """`kind`: the kind of its main edit. `of_catalogue`: it names what AWS's catalogue knows, so a right to an action
    that is not in it would be lost."""

    kind: Kind
    edits: tuple[Edit, ...]
    sentence: str
    of_catalogue: bool = False


@dataclass(frozen=True)
class _Local:
    """A change of one statement."""

    edits: tuple[Edit, ...]
    sentence: str
    of_catalogue: bool = False


class _Element(NamedTuple):
    """One entry of a list in a statement: the statement with this entry alone, and where it stands."""

    kind: Kind
    name: str
    alone: Statement
    path: Path
    group: Path
    text: str


def suggestions(ground: Ground) -> list[Suggestion]:
    """The plainest first."""
    raws = raw_statements(ground.value)
    local: dict[int, dict[tuple[Kind, str], _Local]] = {}
    innocent = _innocent(ground, raws)
    for index in ground.culprits:
        statement, raw, path = ground.policy.statements[index], raws[index], statement_path(ground.value, index)
        options = _dropped(_elements(statement, raw, path), innocent, named(statement))
        options |= _by_catalogue(ground, statement, raw, path)
        options |= _conditions(ground, statement, raw, path)
        options |= _own_account(ground, statement, raw, path)
        options[Kind.STATEMENT, ""] = _Local((Edit(path, GONE),), f"Remove {named(statement)}.")
        local[index] = options
    found = [one for one in (_together(ground, local, way) for way in _ways(local)) if one is not None]
    found += _denies(ground, raws)
    return found


def statement_path(value: Mapping[str, Any], index: int) -> Path:
    return ("Statement", index) if isinstance(value["Statement"], list) else ("Statement",)


def named(statement: Statement) -> str:
    return f"statement {statement.index}" + (f" ({statement.sid})" if statement.sid else "")


# -- entries that let it in ----------------------------------------------------------------------------------------


def _elements(statement: Statement, raw: Mapping[str, Any], path: Path) -> list[_Element]:
    found: list[_Element] = []
    if statement.principals is not None and not statement.principals.negated and "Principal" in raw:
        found += _entries(statement, raw["Principal"], (*path, "Principal"))
    for name, kind, patterns in (
        ("Action", Kind.ACTION, statement.actions),
        ("Resource", Kind.RESOURCE, statement.resources),
    ):
        if patterns is None or patterns.negated or not isinstance(raw.get(name), list):
            continue
        field = "actions" if kind is Kind.ACTION else "resources"
        for number, text in enumerate(patterns.values):
            alone = replace(statement, **{field: Patterns((text,))})  # type: ignore[arg-type]
            found.append(_Element(kind, name, alone, (*path, name, number), (*path, name), text))
    for at, condition, values in _raw_conditions(statement, raw, path):
        rule = lookup(condition.operator.name) if condition.operator.known else None
        if rule is None or rule.negated or rule.family is Family.NULL or not isinstance(values, list):
            continue
        place = statement.conditions.index(condition)
        for number, text in enumerate(condition.values):
            conditions = list(statement.conditions)
            conditions[place] = condition._replace(values=(text,))
            alone = replace(statement, conditions=tuple(conditions))
            found.append(_Element(Kind.VALUE, f"condition {condition.key}", alone, (*at, number), at, text))
    return found


def _entries(statement: Statement, raw: Any, path: Path) -> Iterator[_Element]:
    if not isinstance(raw, Mapping) or statement.principals is None:
        return
    entries = iter(statement.principals.entries)
    for kind, given in raw.items():
        values = given if isinstance(given, list) else [given]
        for number, text in enumerate(values):
            entry = next(entries, None)
            if entry is None or entry.value != text:
                return
            alone = replace(statement, principals=Principals((entry,)))
            at = (*path, kind, number) if isinstance(given, list) else (*path, kind)
            yield _Element(Kind.PRINCIPAL, "Principal", alone, at, path, text)


def _raw_conditions(statement: Statement, raw: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Condition, Any]]:
    conditions = iter(statement.conditions)
    written = raw.get("Condition")
    if not isinstance(written, Mapping):
        return
    for operator, tests in written.items():
        if not isinstance(tests, Mapping):
            return
        for key, values in tests.items():
            condition = next(conditions, None)
            if condition is None or condition.key != key:
                return
            yield (*path, "Condition", operator, key), condition, values


def _innocent(ground: Ground, raws: Sequence[Any]) -> frozenset[Path]:
    """The entries by which alone nothing of the target gets in."""
    elements = [
        element
        for index in ground.culprits
        for element in _elements(ground.policy.statements[index], raws[index], statement_path(ground.value, index))
    ]
    if not elements:
        return frozenset()
    formulas = [conj([ground.reader.statement(one.alone), negate(ground.denied)]) for one in elements]
    target = ground.target(*formulas)
    asked = [conj([formula, target]) for formula in formulas]
    inquiry = ground.inquiry(asked)
    return frozenset(one.path for one, question in zip(elements, asked, strict=True) if not inquiry.possible(question))


def _dropped(elements: Sequence[_Element], innocent: frozenset[Path], where: str) -> dict[tuple[Kind, str], _Local]:
    """For each list of which some entries let it in and others do not: drop the former."""
    groups: dict[Path, list[_Element]] = {}
    for one in elements:
        groups.setdefault(one.group, []).append(one)
    found: dict[tuple[Kind, str], _Local] = {}
    for members in groups.values():
        gone = [one for one in members if one.path not in innocent]
        if not gone or len(gone) == len(members):
            continue
        kind, name = members[0].kind, members[0].name
        listed = ", ".join(one.text for one in gone[:3]) + (f" and {len(gone) - 3} more" if len(gone) > 3 else "")
        local = _Local(_removals(gone, members), f"Take {listed} out of {name} of {where}.")
        found.setdefault((kind, name if kind is Kind.VALUE else ""), local)
    return found


def _removals(gone: Sequence[_Element], members: Sequence[_Element]) -> tuple[Edit, ...]:
    """A list of which nothing is left goes with its name: a kind of principal."""
    lists: dict[Path, list[_Element]] = {}
    for one in members:
        lists.setdefault(_list_of(one), []).append(one)
    edits = []
    for at, entries in lists.items():
        going = [one for one in entries if one in gone]
        if len(going) == len(entries) and at != members[0].group:
            edits.append(Edit(at, GONE))
        else:
            edits += [Edit(one.path, GONE) for one in going]
    return tuple(edits)


def _list_of(element: _Element) -> Path:
    return element.path[:-1] if isinstance(element.path[-1], int) else element.path


# -- wildcards, exceptions -----------------------------------------------------------------------------------------


def _by_catalogue(
    ground: Ground, statement: Statement, raw: Mapping[str, Any], path: Path
) -> dict[tuple[Kind, str], _Local]:
    """Actions of a list, wildcards taken apart; or what is excepted already, and the target besides."""
    target = ground.problem.target
    wanted = target.actions if isinstance(target, (Listed, Granted)) else ()
    if statement.actions is None:
        return {}
    if statement.actions.negated:
        if not wanted or "NotAction" not in raw:
            return {}
        values = list(statement.actions.values) + [one for one in wanted if one not in statement.actions.values]
        sentence = f"Except {', '.join(wanted[:3])} in NotAction of {named(statement)}."
        return {(Kind.ACTION, "except"): _Local((Edit((*path, "NotAction"), values),), sentence)}
    if "Action" not in raw:
        return {}

    def lets_in(patterns: Sequence[str]) -> list[bool]:
        alone = [ground.reader.statement(replace(statement, actions=Patterns((text,)))) for text in patterns]
        formulas = [conj([one, negate(ground.denied)]) for one in alone]
        rest = ground.target(*formulas)
        asked = [conj([formula, rest]) for formula in formulas]
        inquiry = ground.inquiry(asked)
        return [inquiry.possible(question) for question in asked]

    kept = narrowed(statement.actions.values, lets_in)
    if kept is None:
        return {}
    sentence = f"Name in Action of {named(statement)} what it allows besides, instead of a wildcard."
    value: Any = kept[0] if len(kept) == 1 and isinstance(raw["Action"], str) else kept
    return {(Kind.ACTION, "expanded"): _Local((Edit((*path, "Action"), value),), sentence, of_catalogue=True)}


# -- conditions ----------------------------------------------------------------------------------------------------


def _trusted(ground: Ground) -> tuple[tuple[str, str, str], ...]:
    """What ties a caller to those inside: (operator, key, value)."""
    place = ground.place
    if place.by_organization and place.organization:
        return (("StringEquals", "aws:PrincipalOrgID", place.organization),)
    return (("StringEquals", "aws:PrincipalAccount", place.account),) if place.account else ()


def _sources(ground: Ground) -> tuple[tuple[str, str, str], ...]:
    """The same for calls that come through somebody's topic, bucket or function."""
    place = ground.place
    if not set(place.services) & {"sns", "sqs", "lambda"}:
        return ()
    if place.by_organization and place.organization:
        return (("StringEquals", "aws:SourceOrgID", place.organization),)
    return (("StringEquals", "aws:SourceAccount", place.account),) if place.account else ()


def _conditions(
    ground: Ground, statement: Statement, raw: Mapping[str, Any], path: Path
) -> dict[tuple[Kind, str], _Local]:
    """Where everybody is let in: only those inside."""
    found: dict[tuple[Kind, str], _Local] = {}
    if not ground.place.names_principals or not lets_in_everybody(statement):
        return found
    if isinstance(ground.problem.target, Listed):
        return found  # it is not about who is trusted
    conditions = [(Kind.CONDITION, one) for one in _trusted(ground)] + [(Kind.SOURCE, one) for one in _sources(ground)]
    for kind, (operator, key, value) in conditions:
        edits = _condition_edits(raw, path, operator, key, value)
        found[kind, key] = _Local(edits, f"Require {key} {value} in {named(statement)}.")
    return found


def _own_account(
    ground: Ground, statement: Statement, raw: Mapping[str, Any], path: Path
) -> dict[tuple[Kind, str], _Local]:
    """Where everybody is let in and must not be: the account itself instead, which can then pass the access on."""
    target = ground.problem.target
    if not isinstance(target, Public) or not target.account or "Principal" not in raw:
        return {}
    if not lets_in_everybody(statement):
        return {}
    value = {"AWS": f"arn:aws:iam::{target.account}:root"}
    sentence = f"Let in only principals of the account {target.account} by {named(statement)}."
    return {(Kind.PRINCIPAL, "account"): _Local((Edit((*path, "Principal"), value),), sentence)}


def lets_in_everybody(statement: Statement) -> bool:
    who = statement.principals
    return who is None or who.negated or any(entry.value == "*" for entry in who.entries)


_SAME_MEANING = {"StringEquals": ("StringEquals", "StringLike", "ForAnyValue:StringEquals")}


def _condition_edits(raw: Mapping[str, Any], path: Path, operator: str, key: str, value: str) -> tuple[Edit, ...]:
    """The condition beside those that are there; an operator that asks for the key already is left alone."""
    written = raw.get("Condition")
    if not isinstance(written, Mapping):
        return (Edit((*path, "Condition"), {operator: {key: value}}),)
    spelled = {name.lower(): name for name in written}
    for one in _SAME_MEANING[operator]:
        there = spelled.get(one.lower())
        if there is None:
            return (Edit((*path, "Condition", one), {key: value}),)
        tests = written[there]
        if isinstance(tests, Mapping) and key.lower() not in {name.lower() for name in tests}:
            return (Edit((*path, "Condition", there, key), value),)
    return (Edit((*path, "Condition", f"{operator}IfExists"), {key: value}),)


# -- all statements together ---------------------------------------------------------------------------------------


def _ways(local: Mapping[int, Mapping[tuple[Kind, str], _Local]]) -> list[tuple[Kind, str]]:
    found = {way for options in local.values() for way in options}
    return sorted(found, key=lambda way: (PLAINEST.index(way[0]), way[1]))


def _together(
    ground: Ground, local: Mapping[int, Mapping[tuple[Kind, str], _Local]], way: tuple[Kind, str]
) -> Suggestion | None:
    """The same at every statement; where it cannot be, the plainest that can."""
    chosen = []
    for options in local.values():
        plainest = min(options, key=lambda one: (PLAINEST.index(one[0]), one[1]))
        chosen.append(options.get(way) or options[plainest])
    edits = tuple(edit for one in chosen for edit in one.edits)
    kind = way[0]
    removed = sum(edit.value is GONE and edit.path[:1] == ("Statement",) and len(edit.path) <= 2 for edit in edits)
    if removed == len(ground.policy.statements):
        if not ground.place.may_vanish:
            return None
        return Suggestion(Kind.POLICY, (Edit((), GONE),), "Remove the policy: it says nothing else.")
    return Suggestion(kind, edits, " ".join(one.sentence for one in chosen), any(one.of_catalogue for one in chosen))


# -- a Deny --------------------------------------------------------------------------------------------------------


def _denies(ground: Ground, raws: Sequence[Any]) -> list[Suggestion]:
    """A statement that takes away the target and nothing else of what the culprits grant."""
    if not ground.place.may_deny:
        return []
    made = []
    for index in ground.culprits:
        deny = _deny(ground, ground.policy.statements[index], raws[index])
        if deny is None:
            return []
        if deny not in made:
            made.append(deny)
    number = len(raws)
    taken = {raw.get("Sid") for raw in raws}
    edits: list[Edit] = []
    for deny in made:
        sid = next(name for name in _sids() if name not in taken)
        taken.add(sid)
        edits.append(Edit(("Statement", number + len(edits)), {"Sid": sid, **deny}))
    sentence = "Leave the statements as they are, and add one that denies it"
    if any("aws:PrincipalIsAWSService" in str(deny.get("Condition")) for deny in made):
        inside = f"organization {ground.place.organization}" if ground.place.by_organization else "the account"
        sentence += f" to everybody outside {inside}, AWS services excepted"
    return [Suggestion(Kind.DENY, tuple(edits), f"{sentence}.")]


def _sids() -> Iterator[str]:
    yield "DenyTheRest"
    number = 2
    while True:
        yield f"DenyTheRest{number}"
        number += 1


def _deny(ground: Ground, statement: Statement, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    target = ground.problem.target
    made: dict[str, Any] = {"Effect": "Deny"}
    conditions: list[tuple[str, str, str]] = []
    if ground.place.names_principals:
        who = _denied_principal(ground)
        if who is None:
            return None
        made["Principal"] = who
        if who == "*" and not (isinstance(target, Listed) and not target.principal):
            trusted = _trusted(ground)
            if not trusted:
                return None
            conditions = [("StringNotEqualsIfExists", key, value) for _, key, value in trusted]
            conditions += _WITHOUT_SERVICES
    actions = target.actions if isinstance(target, (Listed, Granted)) else ()
    if actions and not (isinstance(target, Granted) and target.principal == EVERYBODY):
        made["Action"] = actions[0] if len(actions) == 1 else list(actions)
    else:
        made |= {name: raw[name] for name in ("Action", "NotAction") if name in raw}
    if isinstance(target, Listed) and target.resources:
        made["Resource"] = target.resources[0] if len(target.resources) == 1 else list(target.resources)
    else:
        made |= {name: raw[name] for name in ("Resource", "NotResource") if name in raw}
    written: dict[str, Any] = {}
    if not isinstance(target, Listed):
        if not _is_copyable(statement):
            return None
        written = {name: dict(tests) for name, tests in (raw.get("Condition") or {}).items()}
    for operator, key, value in conditions:
        if operator in written and key in written[operator]:
            return None
        written.setdefault(operator, {})[key] = value
    return {**made, **({"Condition": written} if written else {})}


def _is_copyable(statement: Statement) -> bool:
    return all(condition.operator.known for condition in statement.conditions) and not statement.opaque


def _denied_principal(ground: Ground) -> Any:
    """The Principal of a Deny; None if none can be written."""
    target = ground.problem.target
    if isinstance(target, Granted):
        kind, value = target.principal
        return "*" if target.principal == EVERYBODY else {kind: value}
    if isinstance(target, Listed):
        return {"AWS": target.principal} if target.principal else "*"
    return "*" if isinstance(target, Public) else None
