"""One statement as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.policy.model import Effect, Policy, Statement
from analyzers.policy.pattern import Variable, tokens
from analyzers.reasoning.question import PolicyType

from .conditions import condition_in_words
from .what import action_lines, resource_lines
from .who import who

_CONTROL = {PolicyType.SERVICE_CONTROL, PolicyType.RESOURCE_CONTROL}
MOST_STATEMENTS = 5
_VARIABLES = {
    "aws:username": "the name of the user who calls",
    "aws:userid": "the unique id of the caller",
    "aws:principalaccount": "the account of the caller",
    "aws:sourceaccount": "the account on whose behalf a service calls",
}


def name_of(statement: Statement) -> str:
    """`Statement 0 (ReadLogs)`; counted from 0, as everywhere."""
    return f"Statement {statement.index}" + (f" ({statement.sid})" if statement.sid else "")


def statement_in_words(statement: Statement, policy: Policy, policy_type: PolicyType) -> tuple[str, ...]:
    """The first line is the sentence; lines that belong to it are indented."""
    return tuple(_lines(statement, policy, policy_type))


def _lines(statement: Statement, policy: Policy, policy_type: PolicyType) -> Iterator[str]:
    subject = who(statement, policy_type)
    trust = statement.resources is None and policy_type is PolicyType.RESOURCE
    actions = statement.actions
    negated = actions is not None and actions.negated
    yield f"{subject} {_verb(statement.effect, policy_type)}{_except(statement.effect) if negated else ''}:"
    yield from (f"  - {line}" for line in action_lines(actions))
    if not trust or not _assumes(statement):
        resources = statement.resources
        not_on = resources is not None and resources.negated
        yield "on every resource except:" if not_on else "on:"
        yield from (f"  - {line}" for line in resource_lines(resources, wanted=not trust))
    if statement.conditions:
        yield "only if" + (" all of this holds:" if len(statement.conditions) > 1 else ":")
        yield from (f"  - {condition_in_words(one)}" for one in statement.conditions)
    yield from _hints(statement, policy)
    yield from (f"note: {problem.message}" for problem in statement.problems)


def _verb(effect: Effect, policy_type: PolicyType) -> str:
    if effect is Effect.DENY:
        return "can never do, whatever else allows it (a Deny always wins)"
    if policy_type in _CONTROL:
        return "may be given by other policies (this one gives nothing, it only leaves open)"
    return "can do"


def _except(effect: Effect) -> str:
    return ", anything except" if effect is Effect.DENY else " everything except"


def _assumes(statement: Statement) -> bool:
    """A trust policy: it is about the role that it belongs to."""
    actions = statement.actions
    return actions is not None and all(text.lower().startswith("sts:") for text in actions.values)


def _hints(statement: Statement, policy: Policy) -> Iterator[str]:
    """What the signs in the statement mean."""
    patterns = [one for one in (statement.actions, statement.resources) if one is not None]
    texts = [text for one in patterns for text in one.values]
    values = [*(statement.resources.values if statement.resources else ())]
    values += [value for one in statement.conditions for value in one.values]
    if any(len(text) > 1 and "*" in text for text in texts):
        yield "* stands for any text, also none" + ("; ? for any one character." if "?" in "".join(texts) else ".")
    if any(one.negated for one in patterns) and statement.effect is Effect.ALLOW:
        yield "What is excepted is only not allowed here: another statement or policy may still allow it."
    if statement.principals is not None and statement.principals.negated:
        yield "NotPrincipal is about everybody who is not named: users and roles that are made later, too."
    if not policy.has_variables:
        if any("${" in value for value in values):
            yield "${…} is plain text here: variables need Version 2012-10-17."
        return
    found = [part for value in values for part in tokens(value, wildcards=True, variables=True)]
    for key in sorted({part.key for part in found if isinstance(part, Variable)}):
        meaning = _VARIABLES.get(key, f"the value of {key} in the call")
        yield f"${{{key}}} stands for {meaning}; without one it never matches."


def allowed_in_words(policy: Policy, policy_type: PolicyType) -> tuple[str, ...]:
    """A line for each statement: of a reference, beside a failure."""
    lines = []
    for statement in policy.statements[:MOST_STATEMENTS]:
        effect = "never allows" if statement.effect is Effect.DENY else "allows"
        actions = _short(statement.actions.values, statement.actions.negated) if statement.actions else "nothing"
        told = f"{name_of(statement)} {effect} {actions}"
        if statement.resources is not None:
            told += f" on {_short(statement.resources.values, statement.resources.negated)}"
        if statement.principals is not None:
            told += f" to {who(statement, policy_type)[:1].lower()}{who(statement, policy_type)[1:]}"
        if statement.conditions:
            told += f", if {' and '.join(condition_in_words(one) for one in statement.conditions[:3])}"
        lines.append(f"{told}.")
    if len(policy.statements) > MOST_STATEMENTS:
        lines.append(f"And {len(policy.statements) - MOST_STATEMENTS} more statements.")
    return tuple(lines) or ("It allows nothing.",)


def _short(values: tuple[str, ...], negated: bool) -> str:
    listed = ", ".join(values[:4]) + (f" and {len(values) - 4} more" if len(values) > 4 else "")
    return f"everything except {listed}" if negated else "everything" if values == ("*",) else listed
