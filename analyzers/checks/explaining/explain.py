"""A policy that was found in a file, explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from analyzers.checks import custom
from analyzers.checks.custom import Access, CheckResult, Result
from analyzers.checks.found import FoundPolicy, Place, marked, readable
from analyzers.checks.outcome import Level
from analyzers.checks.validating import validated
from analyzers.policy import PolicyError, parse
from analyzers.policy.model import Effect, Policy
from analyzers.reasoning.question import PolicyType

from .sentences import name_of, statement_in_words

RIGHTS = Access(
    (
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreatePolicyVersion",
        "iam:PutGroupPolicy",
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
    )
)
"""With one of these somebody can give himself any right."""
_EVERYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


class Told(NamedTuple):
    """One statement. `lines`: the first is the sentence."""

    name: str
    place: Place
    effect: Effect
    lines: tuple[str, ...]


class Remark(NamedTuple):
    """What stands out. `code`: of the validation finding, if it is one."""

    level: Level
    message: str
    place: Place
    code: str = ""


class Explained(NamedTuple):
    """`kind`: what sort of policy it is, in words. `unreadable`: why it cannot be explained."""

    policy: FoundPolicy
    kind: str
    statements: tuple[Told, ...] = ()
    remarks: tuple[Remark, ...] = ()
    unreadable: str = ""


_KINDS = {
    PolicyType.IDENTITY: "A policy of a user, group or role: what they can do.",
    PolicyType.RESOURCE: "A policy of a resource: who can use it.",
    PolicyType.SERVICE_CONTROL: "A service control policy: the most that accounts of an organization may be given.",
    PolicyType.RESOURCE_CONTROL: "A resource control policy: the most that anybody may do with resources.",
}
_TRUST = "The trust policy of a role: who can assume the role, and so has all its rights."


def explained(found: FoundPolicy, *, seconds: float = custom.SECONDS) -> Explained:
    """Never raises for what stands in a policy. Where a template leaves conditions open, the first of its variants."""
    trust = found.resource_type == "AWS::IAM::AssumeRolePolicyDocument"
    kind = _TRUST if trust else _KINDS[found.policy_type]
    try:
        policy = _policy(found)
    except (PolicyError, ValueError, RecursionError) as error:
        return Explained(found, kind, unreadable=found.unreadable or str(error))
    if found.unreadable:
        return Explained(found, kind, unreadable=found.unreadable)
    statements = tuple(
        Told(
            readable(name_of(one)),
            found.where(("Statement", one.index)),
            one.effect,
            tuple(readable(line) for line in statement_in_words(one, policy, found.policy_type)),
        )
        for one in policy.statements
    )
    return Explained(found, kind, statements, tuple(_remarks(found, policy, seconds)))


def _policy(found: FoundPolicy) -> Policy:
    """With `<name>` where something is not known."""
    return parse(json.dumps(json.loads(found.variants[0].text)), statement_required=False)


def _remarks(found: FoundPolicy, policy: Policy, seconds: float) -> Iterator[Remark]:
    for when in found.variants[0].when if len(found.variants) > 1 else ():
        truth = str(when[1]).lower()
        yield Remark(
            Level.UNKNOWN, f"It depends on conditions of the template; here {when[0]} is {truth}.", found.place
        )
    if not policy.statements:
        yield Remark(Level.NOTE, "It has no statements: it allows nothing.", found.place)
    if found.policy_type is PolicyType.RESOURCE:
        public = custom.no_public_access(found, seconds=seconds)
        yield from _answer(public, found, "It is public: anybody in the world can get in.", "whether it is public")
    if found.policy_type is PolicyType.IDENTITY:
        yield from _rights(found, seconds)
    for problem in validated(found).problems:
        yield Remark(problem.level, readable(problem.message), problem.place, problem.code)
    for one in found.missing:
        why = f" ({one.why})" if one.why else ""
        yield Remark(Level.NOTE, f"<{readable(one.name)}> is not known here{readable(why)}.", one.place or found.place)


def _rights(found: FoundPolicy, seconds: float) -> Iterator[Remark]:
    if _allows_everything(found, seconds):
        yield Remark(Level.ERROR, "It makes an administrator: every action on every resource is allowed.", found.place)
        return
    message = "Whoever has it can give himself any other right: it is as good as an administrator's."
    answer = custom.access_not_granted(found, [RIGHTS], seconds=seconds)
    yield from _answer(answer, found, message, "whether it lets somebody give himself other rights")


def _allows_everything(found: FoundPolicy, seconds: float) -> bool:
    from analyzers.reasoning import asking
    from analyzers.reasoning.verdict import Answer

    texts = [one.text for one in found.variants]
    try:
        policies = [parse(text, statement_required=False) for text in texts]
    except PolicyError:
        return False
    verdicts = (
        asking.no_new_access(one, parse(_EVERYTHING), policy_type=found.policy_type, seconds=seconds)
        for one in policies
    )
    return not any(map(marked, texts)) and all(one.answer is Answer.PROVED for one in verdicts)


def _answer(result: CheckResult, found: FoundPolicy, message: str, asked: str) -> Iterator[Remark]:
    if result.result is Result.FAIL:
        where = [reason for reason in result.reasons if reason.elements]
        place = found.where(where[0].elements[0][0]) if where else found.place
        names = ", ".join(name_of_reason(index, sid) for _, index, sid, *_ in result.reasons)
        yield Remark(Level.ERROR, f"{message} See {names}." if names else message, place)
    elif result.result is Result.UNKNOWN:
        yield Remark(Level.UNKNOWN, f"It could not be decided {asked}. {readable(result.message)}", found.place)


def name_of_reason(index: int, sid: str) -> str:
    return f"statement {index}" + (f" ({readable(sid)})" if sid else "")
