"""What holds of every request that AWS can see, and who is a stranger.

Principal ARN, account, organization and kind of caller describe one identity; a caller without a signature or with
the word of an identity provider cannot carry the keys of another kind. An axiom that is missing here can only make
a verdict less sure of safety, never more.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from . import keys
from .callers import CANONICAL, PRINCIPAL, account_glob
from .formula import Formula, Holds, Is, Present, Some, Test, Var, conj, disj, negate
from .globs import ANY, ANY_RUN, FIELD_ONE, FIELD_RUN, Glob, Step, concat, literal
from .request import CallerKind
from .scene import ACTION
from .space import Vocabulary

ORGANIZATION = Var("aws:principalorgid")
PATHS = Var("aws:principalorgpaths[]")

_SIGNED = disj([Is(CallerKind.AWS), Is(CallerKind.CANONICAL_USER)])
_FEDERATED = Is(CallerKind.FEDERATED)

_IDENTITY = keys.SIGNED_ONLY | {"aws:username"}

UNIVERSES: dict[Var, tuple[Glob, ...]] = {Var("aws:principalisawsservice"): (literal("false", fold=True),)}
"""Keys that can have few values only; service principals are not asked about."""


def _identity(service: str, kind: str, *name: Step) -> Glob:
    """ARNs of one kind of principal; neither account nor name is empty."""
    colon = literal(":")
    account = (FIELD_ONE, FIELD_RUN)
    head = concat(literal("arn:aws"), (FIELD_RUN,), colon, literal(service), colon, colon, account, colon)
    return concat(head, literal(kind), name)


PRINCIPALS: tuple[Glob, ...] = (
    _identity("iam", "user/", ANY, ANY_RUN),
    _identity("iam", "role/", ANY, ANY_RUN),
    _identity("sts", "federated-user/", ANY, ANY_RUN),
    _identity("iam", "root"),
)
"""The forms of aws:PrincipalArn. A role session shows its role."""

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
            yield negate(Present(key))
        elif key == "aws:principalisawsservice":
            yield _iff(Present(key), _SIGNED)
        elif key != "aws:principalarn" and (key in _IDENTITY or key.startswith("aws:principaltag/")):
            yield _implies(Present(key), _SIGNED)
        elif keys.by_identity_provider(key):
            yield _implies(Present(key), negate(Is(CallerKind.ANONYMOUS)))  # sessions carry the claims on
    yield from _organization(vocabulary)
    actions = vocabulary.tests.get(ACTION, {})
    for test in (WEB_IDENTITY_ACTION, SAML_ACTION):
        if test in actions:
            yield _implies(Holds(ACTION, test), _FEDERATED)
    if PLAIN_ACTION in actions:
        yield _implies(Holds(ACTION, PLAIN_ACTION), _SIGNED)


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
                    conj([Present("aws:principalorgpaths"), Some(PATHS, frozenset([path]))]),
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
        yield negate(conj([Present(key), Some(Var(f"{key}[]"), inside)]))


def _not_from(key: str, test: Glob) -> Formula:
    return negate(conj([Present(key), Holds(Var(key), test)]))


def _implies(left: Formula, right: Formula) -> Formula:
    return disj([negate(left), right])


def _iff(left: Formula, right: Formula) -> Formula:
    return conj([_implies(left, right), _implies(right, left)])
