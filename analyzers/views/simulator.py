"""What would happen to this request, and why: pages around one decision."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from analyzers.actions import SaveSimulation
from analyzers.inventory import policies_of
from analyzers.models import Principal, Resource, Simulation
from analyzers.policy.model import Policy
from analyzers.reasoning import advise
from analyzers.reasoning.asking import solve
from analyzers.reasoning.assumptions import BECAUSE
from analyzers.reasoning.decision import decide
from analyzers.reasoning.evaluate import Decision, Outcome
from analyzers.reasoning.explanation import explain_statement
from analyzers.reasoning.layers_in_words import spell
from analyzers.reasoning.matching import Call
from analyzers.reasoning.policy_set import FLAGS, OWNERSHIPS, PolicySet
from analyzers.reasoning.request import Request
from analyzers.reasoning.simulate import agreed, is_public, read_request
from analyzers.simulator.examples import EXAMPLES, example
from analyzers.simulator.fields import Typed
from analyzers.simulator.path import HEIGHT, boxes
from findings.models import Finding
from findings.views.access_finding import marked_lines

SUGGESTED = 300
"""Principals and resources that the form offers; any other may be typed."""

OUTSIDERS = """{
  "Version": "2012-10-17",
  "Statement": {"Sid": "WhatTheCallersAccountMayAllow", "Effect": "Allow", "Action": "*", "Resource": "*"}
}"""
"""What is assumed of a caller from outside: whoever administers its account can allow it anything."""

LABELS = {
    "resource": "Resource policy",
    "trust": "Trust policy of the role to be assumed",
    "key_policy": "Key policy",
    "boundary": "Permissions boundary",
    "session": "Session policy",
}


@require_http_methods(["GET", "POST"])
def simulator(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _simulate(request)
    typed = Typed.from_data(example(request.GET.get("example", "")) or {})
    if "finding" in request.GET:
        typed = _of_finding(request.GET["finding"])
    chosen = {name: request.GET.get(name, "") for name in ("pick_principal", "pick_resource")}
    return _form(request, _picked(typed, chosen), chosen)


def _simulate(request: HttpRequest) -> HttpResponse:
    data = request.POST
    typed = Typed.from_post(data, data.getlist("identity"), data.getlist("bpa"))
    if "pick" in data:
        chosen = {name: str(data.get(name, "")) for name in ("pick_principal", "pick_resource")}
        return _form(request, _picked(typed, chosen), chosen)
    line = typed.read()
    if typed.errors:
        return _form(request, typed, {}, status=422)
    return redirect("simulation", key=SaveSimulation(line, request.user)().pk)


@require_GET
def simulation(request: HttpRequest, key: str) -> HttpResponse:
    saved = get_object_or_404(Simulation, pk=key)
    policies, asked = PolicySet.from_json(saved.data["policies"]), read_request(saved.data["request"])
    concrete = decide(asked, policies, is_public=is_public)
    solved = solve(asked, policies)
    decision = agreed(concrete, solved)
    path = boxes(decision, policies)
    context: dict[str, Any] = {
        "saved": saved,
        "asked": asked,
        "decision": decision,
        "solved": solved,
        "both": decision.outcome is solved is not Outcome.UNKNOWN,
        "path": path,
        "height": len(path) * HEIGHT + 8,
        "end": len(path) * HEIGHT,
        "statements": _statements(decision, policies, asked),
        "advice": _advice(asked, policies),
        "assumptions": [BECAUSE.get(name, name) for name in decision.assumptions],
        "line": json.dumps({"id": saved.pk, **saved.data}),
    }
    return _form(request, Typed.from_data(saved.data), {}, **context)


@require_GET
def simulation_line(request: HttpRequest, key: str) -> HttpResponse:
    """The line for `manage.py simulate`."""
    saved = get_object_or_404(Simulation, pk=key)
    text = json.dumps({"id": saved.pk, **saved.data}) + "\n"
    disposition = {"Content-Disposition": f'attachment; filename="simulation-{saved.pk}.jsonl"'}
    return HttpResponse(text, content_type="application/json", headers=disposition)


def _form(
    request: HttpRequest, typed: Typed, chosen: dict[str, str], *, status: int = 200, **more: Any
) -> HttpResponse:
    documents = [
        {"name": name, "label": label, "text": typed.texts.get(name, ""), "error": typed.errors.get(name, "")}
        for name, label in LABELS.items()
    ]
    identity = [
        {"text": text, "error": typed.errors.get(f"identity-{number}", "")}
        for number, text in enumerate(typed.identity or [""])
    ]
    context: dict[str, Any] = {
        "typed": typed,
        "identity": identity,
        "documents": documents,
        "chosen": chosen,
        "flags": FLAGS,
        "ownerships": OWNERSHIPS,
        "examples": EXAMPLES,
        "principals": Principal.objects.exclude(kind=Principal.Kind.GROUP).values_list("arn", flat=True)[:SUGGESTED],
        "resources": Resource.objects.order_by("arn").values_list("arn", flat=True)[:SUGGESTED],
        "recent": Simulation.objects.filter(owner=request.user.pk)[:8],
        **more,
    }
    return render(request, "simulator/simulator.html", context, status=status)


def _picked(typed: Typed, chosen: dict[str, str]) -> Typed:
    """The form with the policies of a caller and of a resource of the inventory filled in."""
    principal = Principal.objects.filter(arn=chosen.get("pick_principal", "")).first()
    if principal is not None:
        given = policies_of.of_caller(principal)
        filled = Typed.from_data({"policies": given})
        typed.identity, typed.management = filled.identity, filled.management
        typed.texts |= {name: filled.texts[name] for name in ("boundary", "scp_levels")}
        typed.texts["principal"] = principal.arn
        _tell_missing(typed, "principal", given)
    elif chosen.get("pick_principal"):
        typed.errors["pick_principal"] = "The inventory does not know this principal."
    resource = Resource.objects.filter(arn=chosen.get("pick_resource", "")).first()
    if resource is not None:
        given = policies_of.of_resource(resource)
        filled = Typed.from_data({"policies": given})
        typed.flags, typed.ownership = filled.flags, filled.ownership
        typed.texts |= {name: filled.texts[name] for name in ("resource", "trust", "key_policy", "rcp_levels", "acl")}
        typed.texts["resource_account"] = resource.account_id
        if not typed.texts.get("resource_arn", "").startswith(resource.arn):
            typed.texts["resource_arn"] = resource.arn
        _tell_missing(typed, "resource_arn", given)
    elif chosen.get("pick_resource"):
        typed.errors["pick_resource"] = "The inventory does not know this resource."
    return typed


def _tell_missing(typed: Typed, name: str, given: dict[str, Any]) -> None:
    if given["missing"]:
        typed.errors[name] = (
            f"The text of {', '.join(given['missing'][:5])} is not known: without it this may be wrong."
        )


def _of_finding(key: str) -> Typed:
    """The request of a finding, with the policies of its resource."""
    try:
        finding = Finding.objects.filter(pk=uuid.UUID(key)).first()
    except ValueError:
        finding = None
    witness = finding.details.get("witness") if finding else None
    if finding is None or not witness:
        return Typed()
    typed = Typed.from_data({"request": witness})
    if str(witness.get("principal", "")).startswith("arn:"):
        typed.identity = [OUTSIDERS]
    return _picked(typed, {"pick_resource": finding.resource, "pick_principal": ""})


def _advice(asked: Request, policies: PolicySet) -> dict[str, Any]:
    found = advise(asked, policies)
    return {"note": found.note, "groups": [("allow", found.to_allow), ("block", found.to_block)]}


def _statements(decision: Decision, policies: PolicySet, asked: Request) -> list[dict[str, Any]]:
    """Each statement that was asked, the deciding ones first, with its lines and what each element says."""
    documents = _documents(policies)
    call = Call(asked)
    deciding = set(decision.statements)
    shown = []
    for step in decision.steps:
        name = str(step.statement.document)
        policy = documents.get(name)
        if policy is None or step.statement.statement >= len(policy.statements):
            continue
        statement = policy.statements[step.statement.statement]
        shown.append(
            {
                "step": step,
                "where": spell(name),
                "deciding": step.statement in deciding,
                "lines": marked_lines(policy.text, [statement.index]),
                "elements": explain_statement(policy, statement, call),
            }
        )
    return sorted(shown, key=lambda one: not one["deciding"])


def _documents(policies: PolicySet) -> dict[str, Policy]:
    """The documents by the names under which the decision speaks of them."""
    groups: dict[str, tuple[Policy, ...]] = {
        "identity": policies.identity,
        "resource": policies.resource,
        "trust": policies.trust,
        "key_policy": policies.key_policy,
        "boundary": policies.boundary or (),
        "session": policies.session or (),
    }
    groups |= {f"scp:{level}": documents for level, documents in (policies.scp_levels or {}).items()}
    groups |= {f"rcp:{level}": documents for level, documents in (policies.rcp_levels or {}).items()}
    found = {}
    for name, documents in groups.items():
        for number, policy in enumerate(documents):
            found[f"{name}[{number}]" if len(documents) > 1 else name] = policy
    return found
