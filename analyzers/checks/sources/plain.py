"""A file that is a policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzers.checks.found import FoundPolicy, Missing, Place, Variant, alone, mark
from analyzers.policy import Located, Policy, PolicyError, locate, parse
from analyzers.reasoning.question import PolicyType

from .documents import why_not

if TYPE_CHECKING:
    from . import File, Options

_STATEMENT = re.compile(r'"Statement"\s*:')
_CDK_TREE = re.compile(r'"version"\s*:\s*"tree-')
_HOLE = re.compile(r"[$]\{([A-Za-z_][A-Za-z0-9_.\[\]-]*)\}")
"""Of a templating language; a variable of a policy has a colon."""
_FUNCTION = re.compile(r'"(Fn::\w+|Ref)"\s*:')


def recognises(file: File) -> bool:
    """`tree.json` of CDK, in which the policies of its templates are mentioned, is none."""
    start = file.text.lstrip()
    return start[:1] == "{" and not _CDK_TREE.search(start[:100]) and _STATEMENT.search(file.text) is not None


def read(file: File, options: Options) -> Iterator[FoundPolicy]:
    try:
        policy = parse(file.text, statement_required=False)
    except PolicyError as error:
        column = error.position.column + 1 if error.position else 1
        place = Place(file.name, error.position.line if error.position else 1, column)
        kind = options.policy_type or PolicyType.IDENTITY
        yield FoundPolicy((Variant(file.text),), kind, place, options.resource_type, unreadable=str(error))
        return
    text, missing = _filled(file, options)
    lines = alone({path: _place(file, one) for path, one in locate(file.text).items()})
    kind = options.policy_type or guess(policy)
    account = _account(policy) if kind is PolicyType.RESOURCE else ""
    unreadable = "It holds functions of a template: check the template." if _FUNCTION.search(file.text) else ""
    if text != file.text:
        unreadable = unreadable or why_not(text)
    yield FoundPolicy(
        (Variant(text),),
        kind,
        Place(file.name),
        options.resource_type,
        lines=lines,
        missing=missing,
        unreadable=unreadable,
        account=account,
        inside=() if text == file.text else None,
    )


def _filled(file: File, options: Options) -> tuple[str, tuple[Missing, ...]]:
    """The text with marks for what a templating language fills in (`${bucket}`)."""
    names = [name for name in dict.fromkeys(_HOLE.findall(file.text)) if name not in options.assume]
    text = _HOLE.sub(lambda found: options.assume.get(found[1]) or mark(found[1]), file.text) if names else file.text
    return text, tuple(Missing(name, "a variable that is filled in before the policy is used") for name in names)


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
