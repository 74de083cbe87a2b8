"""A file that is a policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzers.checks.found import FoundPolicy, Place, Variant, alone
from analyzers.policy import Located, Policy, PolicyError, locate, parse
from analyzers.reasoning.question import PolicyType

if TYPE_CHECKING:
    from . import File, Options

_STATEMENT = re.compile(r'"Statement"\s*:')


def recognises(file: File) -> bool:
    return file.text.lstrip()[:1] == "{" and _STATEMENT.search(file.text) is not None


def read(file: File, options: Options) -> Iterator[FoundPolicy]:
    try:
        policy = parse(file.text, statement_required=False)
    except PolicyError as error:
        column = error.position.column + 1 if error.position else 1
        place = Place(file.name, error.position.line if error.position else 1, column)
        kind = options.policy_type or PolicyType.IDENTITY
        yield FoundPolicy((Variant(file.text),), kind, place, options.resource_type, unreadable=str(error))
        return
    lines = alone({path: _place(file, one) for path, one in locate(file.text).items()})
    kind = options.policy_type or guess(policy)
    account = _account(policy) if kind is PolicyType.RESOURCE else ""
    yield FoundPolicy(
        (Variant(file.text),), kind, Place(file.name), options.resource_type, lines=lines, account=account, inside=()
    )


def guess(policy: Policy) -> PolicyType:
    """A policy that names principals is that of a resource."""
    named = any(statement.principals is not None for statement in policy.statements)
    return PolicyType.RESOURCE if named else PolicyType.IDENTITY


def _account(policy: Policy) -> str:
    """The one account whose resources a resource's policy names: it is about its own resource only."""
    patterns = [one for statement in policy.statements if statement.resources for one in statement.resources.values]
    found = {fields[4] for one in patterns if len(fields := one.split(":", 5)) == 6}
    return found.pop() if len(found) == 1 and all(re.fullmatch(r"\d{12}", one) for one in found) else ""


def _place(file: File, found: Located) -> Place:
    """Of a text the text itself, of anything larger its key."""
    start = (found.value if found.key is None or file.text[found.value.start.offset] == '"' else found.key).start
    return Place(file.name, start.line, start.column + 1)
