"""What the page of a finding of external or internal access shows: verdict, witness, granting statements, remedies."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from analyzers.models import Document, PolicyChange, Resource
from analyzers.policy import locate
from findings.models import Finding
from findings.outsiders import identifiers, names_of
from findings.roles import CHANGES, NAMES

from .remedies import remedies

MAX_LINES = 3_000


def context(request: HttpRequest, finding: Finding) -> dict[str, Any]:
    outsiders = names_of([finding])
    resource = Resource.objects.filter(arn=finding.resource).first()
    return {
        "summary": outsiders.summary(finding),
        "outsider": outsiders.of(finding),
        "outside_id": _outside_id(finding),
        "resource": resource,
        "change": PolicyChange.objects.filter(resource=finding.resource).select_related("asked_by").first(),
        "may_ask": resource is not None and request.user.has_perm(CHANGES),
        "may_name": request.user.has_perm(NAMES),
        "documents": _documents(finding),
        "remedies": remedies(finding),
    }


def _outside_id(finding: Finding) -> str:
    """What the list of names may know the principal by; empty for everybody."""
    found = identifiers(finding.principal)
    return found[1] if "Federated" in finding.principal else next(iter(found), "")


def _documents(finding: Finding) -> list[dict[str, Any]]:
    """The documents that grant, line by line, with the lines of the granting statements marked."""
    wanted: dict[str, dict[str, Any]] = {}
    for ref in finding.details.get("statements", ()):
        entry = wanted.setdefault(ref["document"], {**ref, "statements": []})
        entry["statements"].append(ref["statement"])
    texts = dict(Document.objects.filter(pk__in=wanted).values_list("sha256", "text"))
    for digest, entry in wanted.items():
        entry["lines"] = marked_lines(texts.get(digest, ""), entry["statements"])
        entry["missing"] = digest not in texts
    if not wanted and finding.error:
        return []
    return list(wanted.values())


def marked_lines(text: str, statements: list[int]) -> list[dict[str, Any]]:
    """`[{number, text, hit}]`; `hit` for the lines of these statements."""
    found = locate(text)
    hits: set[int] = set()
    for index in statements:
        place = found.get(("Statement", index)) or found.get(("Statement",))
        if place is not None:
            hits |= set(range(place.value.start.line, place.value.end.line + 1))
    lines = text.split("\n")[:MAX_LINES]
    return [{"number": number, "text": line, "hit": number in hits} for number, line in enumerate(lines, 1)]
