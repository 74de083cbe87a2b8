"""What holds of every request that AWS can see, and who is a stranger.

Principal ARN, account, organization and kind of caller describe one identity; a caller without a signature or with
the word of an identity provider cannot carry the keys of another kind. An axiom that is missing here can only make
a verdict less sure of safety, never more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from . import keys
from .callers import CANONICAL, PRINCIPAL, SERVICE, account_glob
from .formula import Comparison, Formula, Holds, Is, Present, Some, Sort, Test, Var, conj, disj, negate
from .globs import ANY, ANY_RUN, FIELD_ONE, FIELD_RUN, Glob, Step, concat, literal
from .request import CallerKind
from .scene import ACTION
from .space import Vocabulary

ORGANIZATION = Var("aws:principalorgid")
PATHS = Var("aws:principalorgpaths[]")

_SIGNED = disj([Is(CallerKind.AWS), Is(CallerKind.CANONICAL_USER)])
_FEDERATED = Is(CallerKind.FEDERATED)
_SERVICE = Is(CallerKind.SERVICE)

UNIVERSES: dict[Var, tuple[Glob, ...]] = {
    Var("aws:principaltype"): tuple(map(literal, ("Account", "User", "FederatedUser", "AssumedRole", "Anonymous")))
}
"""Keys that can have few values only."""


def _identity(service: str, kind: str, *name: Step) -> Glob:
    """ARNs of one kind of principal; neither account nor name is empty."""
    colon = literal(":")
    account = (FIELD_ONE, FIELD_RUN)
    head = concat(literal("arn:aws"), (FIELD_RUN,), colon, literal(service), colon, colon, account, colon)
    return concat(head, literal(kind), name)


_USER = _identity("iam", "user/", ANY, ANY_RUN)
_ROLE = _identity("iam", "role/", ANY, ANY_RUN)
_FEDERATED_USER = _identity("sts", "federated-user/", ANY, ANY_RUN)
_ROOT = _identity("iam", "root")
PRINCIPALS: tuple[Glob, ...] = (_USER, _ROLE, _FEDERATED_USER, _ROOT)
"""The forms of aws:PrincipalArn. A role session shows its role."""
_TYPES = {"User": _USER, "AssumedRole": _ROLE, "FederatedUser": _FEDERATED_USER, "Account": _ROOT}
_IDS = {"AIDA": _USER, "AROA": _ROLE}
"""How aws:userid begins, by the kind of identity."""

WEB_IDENTITY_ACTION = literal("sts:assumerolewithwebidentity")
SAML_ACTION = literal("sts:assumerolewithsaml")
PLAIN_ACTION = literal("sts:assumerole")


@dataclass(frozen=True, slots=True)
class Stranger:
    """The zone of trust, as far as it can be told apart: `accounts` are those that the documents name."""

    accounts: tuple[str, ...]
    organization: str
    by_organization: bool
    canonical_users: tuple[str, ...]


def axioms(vocabulary: Vocabulary) -> Iterator[Formula]:
    """The axioms that concern what is talked about."""
    if "aws:principalarn" in vocabulary.keys:
        yield _iff(Present("aws:principalarn"), _SIGNED)
    for key in sorted(vocabulary.keys):
        if key in keys.SERVICE_ONLY:
            yield _implies(Present(key), _SERVICE)
        elif key == "aws:principalisawsservice":
            yield _iff(Present(key), disj([_SIGNED, _SERVICE]))
        elif key == "aws:username":
            yield _iff(Present(key), conj([Is(CallerKind.AWS), Holds(PRINCIPAL, _USER)]))
        elif key == "aws:principaltype":
            yield _implies(disj([Is(CallerKind.AWS), Is(CallerKind.ANONYMOUS)]), Present(key))
        elif key != "aws:principalarn" and (key in keys.SIGNED_ONLY or key.startswith("aws:principaltag/")):
            yield _implies(Present(key), _SIGNED)
        elif keys.by_identity_provider(key):
            yield _implies(Present(key), negate(Is(CallerKind.ANONYMOUS)))  # sessions carry the claims on
    yield from _values(vocabulary)
    yield from _organization(vocabulary)


def calls(vocabulary: Vocabulary) -> Iterator[Formula]:
    """Who can make which call, where a role is assumed."""
    actions = vocabulary.tests.get(ACTION, {})
    for test in (WEB_IDENTITY_ACTION, SAML_ACTION):
        if test in actions:
            yield _implies(Holds(ACTION, test), _FEDERATED)
    if PLAIN_ACTION in actions:
        yield _implies(Holds(ACTION, PLAIN_ACTION), _SIGNED)


def _values(vocabulary: Vocabulary) -> Iterator[Formula]:
    """What a key says that is known already from who calls."""
    for var, tests in vocabulary.tests.items():
        if var.name == "aws:principalisawsservice" and var.sort is Sort.TEXT:
            yes, no = Holds(var, literal("true", fold=True)), Holds(var, literal("false", fold=True))
            yield _implies(Present(var.name), disj([conj([yes, _SERVICE]), conj([no, negate(_SERVICE)])]))
        elif var.name == "aws:principaltype":
            for name, form in _TYPES.items():
                yield _implies(Is(CallerKind.AWS), _iff(Holds(var, literal(name)), Holds(PRINCIPAL, form)))
            yield _implies(Is(CallerKind.ANONYMOUS), Holds(var, literal("Anonymous")))
        elif var.name == "aws:principalservicename":
            for test in _texts(tests):
                yield _implies(Present(var.name), _iff(Holds(var, test), Holds(SERVICE, test)))
        elif var.name == "aws:username":
            for test in _texts(tests):
                yield from _username(var, test)
        elif var.name == "aws:userid":
            for test in _texts(tests):
                begins = "".join(min(step.chars) if not step.run and step.chars else "*" for step in test[:4])
                if begins in _IDS:
                    named = conj([Present(var.name), Holds(var, test)])
                    yield _implies(conj([named, Is(CallerKind.AWS)]), Holds(PRINCIPAL, _IDS[begins]))


def _username(var: Var, test: Glob) -> Iterator[Formula]:
    """The name is what follows the path in the user's ARN."""
    head = concat(account_glob((FIELD_RUN,))[:-1], literal("user/"))
    ends = disj([Holds(PRINCIPAL, concat(head, test)), Holds(PRINCIPAL, concat(head, (ANY_RUN,), literal("/"), test))])
    present = Present(var.name)
    yield _implies(conj([present, Holds(var, test)]), ends)
    if not any(step.run or step.negated or "/" in step.chars for step in test):
        yield _implies(conj([present, ends]), Holds(var, test))


def _texts(tests: Iterable[Test]) -> Iterator[Glob]:
    return (test for test in tests if isinstance(test, tuple) and not isinstance(test, Comparison))


def _organization(vocabulary: Vocabulary) -> Iterator[Formula]:
    """A path begins with the organization's id: a caller with a path in an organization is a member of it."""
    if PATHS not in vocabulary.tests or ORGANIZATION not in vocabulary.tests:
        return
    if ORGANIZATION.name not in vocabulary.keys or "aws:principalorgpaths" not in vocabulary.keys:
        return
    yield _iff(Present("aws:principalorgpaths"), Present(ORGANIZATION.name))
    for path in vocabulary.tests[PATHS]:
        for organization in vocabulary.tests[ORGANIZATION]:
            if _begins(path, organization):
                yield _implies(
                    conj([Present("aws:principalorgpaths"), Some(PATHS, frozenset([path]), False)]),
                    Holds(ORGANIZATION, organization),
                )


def _begins(path: Test, organization: Test) -> bool:
    """Whether every string of `path` begins with the one string of `organization` and a slash."""
    if not isinstance(path, tuple) or not isinstance(organization, tuple):
        return False
    prefix = (*organization, *literal("/"))
    return len(path) >= len(prefix) and path[: len(prefix)] == prefix


def outside(stranger: Stranger, vocabulary: Vocabulary) -> Formula:
    """The caller is not inside the zone of trust.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/what-is-access-analyzer.html#what-is-access-analyzer-zone-of-trust
    """
    parts: list[Formula] = [negate(Is(CallerKind.SERVICE))]
    own = [account_glob(literal(account)) for account in stranger.accounts]
    parts += [negate(Holds(PRINCIPAL, test)) for test in own]
    for canonical in stranger.canonical_users:
        parts.append(negate(conj([Is(CallerKind.CANONICAL_USER), Holds(CANONICAL, literal(canonical))])))
    if stranger.by_organization and stranger.organization:
        parts += _not_of_organization(stranger, vocabulary, {ORGANIZATION.name}, {"aws:principalorgpaths"})
    return conj(parts)


def not_through_the_zone(stranger: Stranger, vocabulary: Vocabulary) -> Formula:
    """The call does not come through a source inside the zone of trust: a topic, an endpoint, an access point.

    For statements that let in everybody who comes through; whoever is named is outside whatever he comes through.
    """
    parts: list[Formula] = []
    for key in sorted(vocabulary.keys & keys.SOURCE_ACCOUNT):
        parts += [_not_from(key, literal(account)) for account in stranger.accounts]
    for key in sorted(vocabulary.keys & keys.SOURCE_ARN):
        colon = literal(":")
        for account in stranger.accounts:
            pattern = concat(literal("arn:"), *((FIELD_RUN,), colon) * 3, literal(account), colon, (ANY_RUN,))
            parts.append(_not_from(key, pattern))
    if stranger.by_organization and stranger.organization:
        paths = {"aws:sourceorgpaths", "aws:vpceorgpaths"}
        parts += _not_of_organization(stranger, vocabulary, keys.SOURCE_ORGANIZATION, paths)
    return conj(parts)


def _not_of_organization(
    stranger: Stranger, vocabulary: Vocabulary, ids: AbstractSet[str], paths: AbstractSet[str]
) -> Iterator[Formula]:
    id_ = literal(stranger.organization)
    for key in sorted(vocabulary.keys & ids):
        yield _not_from(key, id_)
    for key in sorted(vocabulary.keys & paths):
        inside = frozenset([concat(id_, literal("/"), (ANY_RUN,))])
        yield negate(conj([Present(key), Some(Var(f"{key}[]"), inside, False)]))


def _not_from(key: str, test: Glob) -> Formula:
    return negate(conj([Present(key), Holds(Var(key), test)]))


def _implies(left: Formula, right: Formula) -> Formula:
    return disj([negate(left), right])


def _iff(left: Formula, right: Formula) -> Formula:
    return conj([_implies(left, right), _implies(right, left)])
