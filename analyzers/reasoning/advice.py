"""What would allow a request that is denied, and what would block one that is allowed.

The solver finds the smallest sets of layers and Deny statements that stand in the way; each proposal is then carried
out, and shown only if the evaluator confirms that it does what it says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from time import monotonic
from typing import Any

import z3

from analyzers.policy import Policy, parse_value
from analyzers.policy.model import Effect

from .automata import TooManyClasses
from .decision import decide
from .evaluate import Decision, Outcome, StatementRef
from .formula import Formula, Switch
from .inquiry import surely
from .layers import Weighed, weigh
from .layers_in_words import kind_of, number_of, spell
from .points import points, told
from .policy_set import Levels, PolicySet
from .reach import is_public
from .remedies import Advice, Change, Remedy
from .request import CallerKind, Request
from .scene import RESOURCE, Crossing, Scene
from .space import OutOfTime, Space, Vocabulary

MOST_REMEDIES = 3
MOST_CHANGES = 4
_ON_RESOURCE = ("resource", "trust", "key_policy")


def advise(request: Request, policies: PolicySet, *, seconds: float = 2.0) -> Advice:
    """Raises ValueError for an access control list that is not understood."""
    decision = decide(request, policies, is_public=is_public)
    if decision.outcome is Outcome.UNKNOWN:
        return Advice(note=f"There is no advice while the decision is not known: {decision.reason}")
    try:
        deadline = monotonic() + seconds
        if decision.outcome is Outcome.ALLOW:
            found = tuple(_to_block(request, policies, decision, deadline))
            return Advice(to_block=found, note="" if found else "No single change blocks the request.")
        remedies = tuple(_to_allow(request, policies, seconds, deadline))
        return Advice(to_allow=remedies, note="" if remedies else "Nothing that could be added here would allow it.")
    except (OutOfTime, TooManyClasses):
        return Advice(note="There was not enough time to look for advice.")


# -- to allow ------------------------------------------------------------------------------------------------------


def _to_allow(request: Request, policies: PolicySet, seconds: float, deadline: float) -> Iterator[Remedy]:
    known = told(request)
    scene = Scene(rest=RESOURCE, crossing=Crossing.OPEN, known=known, complete=True)
    weighed = weigh(policies, scene, resource=request.resource, owner=request.resource_account, is_public=is_public)
    target = surely(weighed.allowed)
    count = 0
    for names in _minimal(request, known, target, seconds):
        if monotonic() > deadline or count == MOST_REMEDIES:
            return
        changes = tuple(_allow_change(name, weighed, request) for name in names)
        if decide(request, _applied(policies, changes), is_public=is_public).outcome is Outcome.ALLOW:
            count += 1
            yield Remedy(changes)


def _minimal(request: Request, known: Mapping[str, Any], target: Formula, seconds: float) -> Iterator[tuple[str, ...]]:
    """The minimal sets of switches to put off for the request to be allowed, small ones first."""
    vocabulary = Vocabulary([target])
    space = Space(
        vocabulary,
        universes={},
        hints={},
        deadline=monotonic() + seconds,
        milliseconds=int(seconds * 1000),
        points=points(request, known, vocabulary),
        kind=request.caller_kind,
    )
    # The caller's own policies first; and what concerns no resource in particular has no policy of its own.
    names = sorted(vocabulary.switches, key=lambda name: (name != "identity", name))
    flags = [space.expression(Switch(name)) for name in names]
    solver = space.solver()
    solver.add(space.expression(target))
    if request.resource == "*":
        solver.add(space.expression(Switch("resource")))
    found: list[tuple[str, ...]] = []
    for size in range(1, min(len(names), MOST_CHANGES) + 1):
        limit = z3.AtMost(*[z3.Not(flag) for flag in flags], size)
        while space.check(solver, limit):
            model = solver.model()
            off = [i for i, flag in enumerate(flags) if z3.is_false(model.eval(flag, model_completion=True))]
            solver.add(z3.Or([flags[i] for i in off]))
            found.append(tuple(names[i] for i in off))
        yield from sorted(found, key=lambda chosen: [names.index(name) for name in chosen])
        found.clear()


def _allow_change(name: str, weighed: Weighed, request: Request) -> Change:
    label, _, number = name.rpartition("/")
    if label in weighed.documents:
        statement = weighed.documents[label].policy.statements[int(number)]
        reference = StatementRef(label, statement.index, statement.sid or "", statement.effect)
        return Change(label, reference, f"Remove or narrow {reference} of {spell(label)}, which denies it.")
    layer = _resource_layer(request) if name == "resource" else name
    example = json.dumps(_statement("Allow", layer, request), indent=2)
    return Change(layer, None, f"Add a statement that allows it to {spell(layer)}.", example)


def _resource_layer(request: Request) -> str:
    """The document on the resource that has a say."""
    action = request.action.lower()
    if action.startswith("sts:assumerole"):
        return "trust"
    return "key_policy" if action.startswith("kms:") and ":key/" in request.resource else "resource"


def _statement(effect: str, layer: str, request: Request) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": effect}
    kind = kind_of(layer)
    if kind in (*_ON_RESOURCE, "rcp"):
        statement["Principal"] = "*" if kind == "rcp" else _principal(request)
    statement["Action"] = request.action
    if kind != "trust":
        statement["Resource"] = "*" if kind == "key_policy" else request.resource
    return statement


def _principal(request: Request) -> Any:
    match request.caller_kind:
        case CallerKind.ANONYMOUS:
            return "*"
        case CallerKind.SERVICE:
            return {"Service": request.principal}
        case CallerKind.FEDERATED:
            return {"Federated": request.principal.removeprefix("federated:")}
        case CallerKind.CANONICAL_USER:
            return {"CanonicalUser": request.principal.removeprefix("canonical:")}
    return {"AWS": request.principal}


# -- to block ------------------------------------------------------------------------------------------------------


def _to_block(request: Request, policies: PolicySet, decision: Decision, deadline: float) -> Iterator[Remedy]:
    """Take away what allows it, or deny it where that binds."""
    allows = [ref for ref in decision.statements if ref.effect is Effect.ALLOW and kind_of(str(ref.document)) != "acl"]
    found: list[frozenset[StatementRef]] = []
    for size in range(1, min(len(allows), MOST_CHANGES) + 1):
        for chosen in combinations(allows, size):
            if monotonic() > deadline or len(found) == MOST_REMEDIES:
                break
            if any(other <= set(chosen) for other in found):
                continue
            changes = tuple(
                Change(
                    str(ref.document), ref, f"Remove or narrow {ref} of {spell(str(ref.document))}, which allows it."
                )
                for ref in chosen
            )
            if decide(request, _applied(policies, changes), is_public=is_public).outcome is Outcome.DENY:
                found.append(frozenset(chosen))
                yield Remedy(changes)
    for layer in _denying_layers(request, policies):
        example = json.dumps(_statement("Deny", layer, request), indent=2)
        change = Change(layer, None, f"Add a statement that denies it to {spell(layer)}.", example)
        if decide(request, _applied(policies, (change,)), is_public=is_public).outcome is Outcome.DENY:
            yield Remedy((change,))


def _denying_layers(request: Request, policies: PolicySet) -> Iterator[str]:
    if policies.scp_levels:
        yield f"scp:{list(policies.scp_levels)[-1]}"
    if request.resource != "*":
        yield _resource_layer(request)
    if request.caller_kind is CallerKind.AWS:
        yield "identity"


# -- carrying out --------------------------------------------------------------------------------------------------


def _applied(policies: PolicySet, changes: Sequence[Change]) -> PolicySet:
    """The policies as they would be; statements are removed from the last on, so that the others keep their places."""
    ordered = sorted(changes, key=lambda change: -(change.statement.statement if change.statement else -1))
    for change in ordered:
        if change.statement is None:
            more = parse_value({"Version": "2012-10-17", "Statement": [json.loads(change.example)]})
            policies = _with(policies, change.layer, partial(_and, more=more))
        else:
            taken = change.statement.statement
            number = number_of(change.layer)
            policies = _with(policies, change.layer, partial(_without, number=number, taken=taken))
    return policies


def _with(policies: PolicySet, layer: str, edit: Callable[[Sequence[Policy]], tuple[Policy, ...]]) -> PolicySet:
    kind, _, level = layer.partition("[")[0].partition(":")
    if kind in {"scp", "rcp"}:
        levels: Levels = getattr(policies, f"{kind}_levels") or {}
        changed: dict[str, Any] = {f"{kind}_levels": {**levels, level: edit(levels.get(level, ()))}}
    else:
        changed = {kind: edit(getattr(policies, kind) or ())}
    return replace(policies, **changed)


def _and(documents: Sequence[Policy], more: Policy) -> tuple[Policy, ...]:
    return (*documents, more)


def _without(documents: Sequence[Policy], number: int, taken: int) -> tuple[Policy, ...]:
    return tuple(
        replace(policy, statements=(*policy.statements[:taken], *policy.statements[taken + 1 :]))
        if i == number
        else policy
        for i, policy in enumerate(documents)
    )
