"""The access that has to go, as a formula over requests.

`Granted` is that of a finding, `Listed`, `Beyond` and `Public` those of the policy checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from analyzers.policy.model import Effect, Policy, PrincipalEntry, PrincipalKind
from analyzers.policy.pattern import tokens
from analyzers.reasoning import keys
from analyzers.reasoning.axioms import ORGANIZATION, Stranger, not_through_the_zone, outside
from analyzers.reasoning.bucket_access import PUBLIC_PROVIDER
from analyzers.reasoning.callers import CANONICAL, PRINCIPAL, account_glob, principal
from analyzers.reasoning.formula import TRUE, Formula, Holds, Is, Present, conj, disj, negate
from analyzers.reasoning.globs import glob, literal
from analyzers.reasoning.labels import PRINCIPAL as WHO
from analyzers.reasoning.labels import labels_of
from analyzers.reasoning.request import CallerKind
from analyzers.reasoning.scene import RESOURCE
from analyzers.reasoning.space import Vocabulary
from analyzers.reasoning.symbolic import Reader, action

EVERYBODY = ("AWS", "*")


class Unmendable(Exception):
    """No candidate can be looked for; the message says why."""


@dataclass(frozen=True)
class Zone:
    """The zone of trust, as in `ZoneOfTrust`."""

    accounts: frozenset[str]
    organization: str = ""
    by_organization: bool = False
    canonical_users: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Granted:
    """The access of an external finding. Who has it by a statement that names him more narrowly, or under narrower
    conditions, has another finding, and keeps it. `principal`: (kind, value); `condition`: (key, value)."""

    principal: tuple[str, str]
    actions: tuple[str, ...]
    condition: tuple[tuple[str, str], ...]
    zone: Zone


@dataclass(frozen=True)
class Listed:
    """Any of the actions on any of the resources (patterns; none stands for all), by anybody or, with `principal`, by
    this user or role with its sessions."""

    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    principal: str = ""


@dataclass(frozen=True)
class Beyond:
    """Everything that the reference does not allow."""

    reference: Policy


@dataclass(frozen=True)
class Public:
    """Access by whoever is not named or tied to something fixed. `organization`, `account`: whom conditions may be
    tied to."""

    resource_type: str = ""
    organization: str = ""
    account: str = ""


Target = Granted | Listed | Beyond | Public


@dataclass(frozen=True)
class Sketch:
    """A target in the words of one document. `narrower`: pairs of what the target says of one component, and a label of
    it that may be narrower. `asked`: formulas that the target speaks of, whatever else it does. `formula`: given all
    that a question speaks of, and the readers of changed documents."""

    formula: Callable[[Vocabulary, tuple[Reader, ...]], Formula]
    asked: tuple[Formula, ...] = ()
    narrower: tuple[tuple[Formula, Formula], ...] = ()
    readers: tuple[Reader, ...] = ()


def sketch(target: Target, reader: Reader, others: Iterable[Reader] = ()) -> Sketch:
    """Raises Unmendable if the target says something that the documents do not."""
    match target:
        case Granted():
            return _granted(target, reader, tuple(others))
        case Listed():
            who = principal(PrincipalEntry(PrincipalKind.AWS, target.principal)) if target.principal else TRUE
            asked = conj([_listed(target), who])
            return Sketch(lambda *_: asked, (asked,))
        case Beyond():
            return _beyond(target, reader)
        case Public():
            return Sketch(lambda _, changed: _public((reader, *changed)), (_public((reader,)),))


def _listed(target: Listed) -> Formula:
    actions = disj(action(pattern) for pattern in target.actions) if target.actions else TRUE
    resources = disj(map(resource_is, target.resources)) if target.resources else TRUE
    return conj([actions, resources])


def resource_is(pattern: str) -> Formula:
    return TRUE if pattern == "*" else Holds(RESOURCE, glob(tokens(pattern, wildcards=True, variables=False)))


def _beyond(target: Beyond, reader: Reader) -> Sketch:
    """What is not understood in the reference may be so there and not in the policy: its doubts are its own."""
    known = Reader(target.reference, reader.scene, "reference")
    by_effect: dict[Effect, list[Formula]] = {Effect.ALLOW: [], Effect.DENY: []}
    for rule in known.rules():
        by_effect[rule.effect].append(rule.formula)
    beyond = negate(conj([disj(by_effect[Effect.ALLOW]), negate(disj(by_effect[Effect.DENY]))]))
    return Sketch(lambda *_: beyond, (beyond,), readers=(known,))


def _public(readers: tuple[Reader, ...]) -> Formula:
    """As `analyzers.reasoning.access.public`, which is asked about a changed document as well."""
    ties = []
    for label in labels_of((reader.policy, reader) for reader in readers):
        if label.component == WHO:
            if not (label.key == PrincipalKind.FEDERATED and label.value == PUBLIC_PROVIDER):
                ties.append(label.formula)
        elif keys.is_fixed(label.component, label.value):
            ties.append(label.formula)
    return conj([negate(Is(CallerKind.SERVICE)), negate(disj(ties))])


def _granted(target: Granted, reader: Reader, others: tuple[Reader, ...]) -> Sketch:
    labels = labels_of((one.policy, one) for one in (reader, *others))
    kind, value = target.principal
    who = TRUE if target.principal == EVERYBODY else principal(PrincipalEntry(PrincipalKind(kind), value))
    held: dict[str, Formula] = {}
    for key, wanted in target.condition:
        said = [one.formula for one in labels if one.component == key.lower() and one.value == wanted]
        if not said:
            raise Unmendable(f"No condition of the documents says {key} {wanted}.")
        held[key.lower()] = disj(said)
    plain = conj([who, disj(action(pattern) for pattern in target.actions), *held.values()])
    own = labels_of([(_only_allows(reader.policy), reader)])
    narrower = tuple(
        (who if label.component == WHO else held.get(label.component, TRUE), label.formula)
        for label in own
        if label.component == WHO or keys.limits_who(label.component)
    )

    def formula(vocabulary: Vocabulary, _: tuple[Reader, ...]) -> Formula:
        stranger = stranger_to(target.zone, reader.policy)
        through = not_through_the_zone(stranger, vocabulary) if target.principal == EVERYBODY else TRUE
        return conj([plain, _not_inside(stranger, vocabulary), through])

    # Whoever is inside shows it by the id of the organization, whether a document asks for it or not: else people
    # inside would be taken for strangers, and what they lose for nothing.
    asked = [plain, *([_of(target.zone)] if target.zone.by_organization and target.zone.organization else [])]
    return Sketch(formula, tuple(asked), narrower)


def _of(zone: Zone) -> Formula:
    """The caller is of the zone's organization."""
    return conj([Present(ORGANIZATION.name), Holds(ORGANIZATION, literal(zone.organization))])


def _not_inside(stranger: Stranger, vocabulary: Vocabulary) -> Formula:
    """As `outside`, for a formula that is also asked the other way round: who has no account is in none of these."""
    members = [conj([Is(CallerKind.AWS), Holds(PRINCIPAL, account_glob(literal(one)))]) for one in stranger.accounts]
    return conj([outside(replace(stranger, accounts=()), vocabulary), *map(negate, members)])


def _only_allows(policy: Policy) -> Policy:
    statements = tuple(one for one in policy.statements if one.effect is Effect.ALLOW)
    return Policy(statements, policy.version, policy.id, policy.problems, policy.text)


def stranger_to(zone: Zone, *policies: Policy) -> Stranger:
    """The zone as far as the documents can tell its accounts from others."""
    named = {one for one in zone.accounts if any(one in policy.text for policy in policies)}
    if len(zone.accounts) == 1:
        named |= zone.accounts
    return Stranger(tuple(sorted(named)), zone.organization, zone.by_organization, tuple(sorted(zone.canonical_users)))


_ACCOUNT_ID = re.compile(r"(?=(\d{12}))")
_CANONICAL_ID = re.compile(r"[0-9a-f]{64}")


def membership(zone: Zone, *policies: Policy) -> list[Formula]:
    """What is known of the accounts that the documents name: principals of those inside carry the id of the
    organization, others do not. Only for telling what is lost: it never helps to prove that an access is gone."""
    if not zone.organization:
        return []
    carried = _of(zone)
    named = {found for policy in policies for found in _ACCOUNT_ID.findall(policy.text)}
    inside = named & zone.accounts if zone.by_organization else zone.accounts
    facts: list[Formula] = []
    for account in sorted(named | (inside if len(inside) == 1 else set())):
        member = conj([Is(CallerKind.AWS), Holds(PRINCIPAL, account_glob(literal(account)))])
        if account in inside:
            facts.append(disj([negate(member), carried]))
        elif zone.by_organization:
            facts.append(negate(conj([member, carried])))
    users = {found for policy in policies for found in _CANONICAL_ID.findall(policy.text)} - zone.canonical_users
    if zone.by_organization:
        strangers = disj(Holds(CANONICAL, literal(one)) for one in sorted(users))
        facts.append(negate(conj([Is(CallerKind.CANONICAL_USER), strangers, carried])))
    return facts
