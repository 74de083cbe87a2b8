"""The smallest change for a finding, out of the inventory. What is proved is in `analyzers.checks.mending`."""

from __future__ import annotations

from dataclasses import replace

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from analyzers.checks.mending import Mended, Used
from analyzers.checks.mending.external import Wanted, mend_external
from analyzers.checks.mending.internal import Held, Inside, mend_internal
from analyzers.inventory.policies_of import of_caller
from analyzers.inventory.subjects import Inputs, subjects, zone_of_trust
from analyzers.kinds.channels import TRAITS
from analyzers.models import Account, ControlPolicy, Document, Principal, PrincipalPolicy, Resource, Usage
from analyzers.reasoning.policy_set import PolicySet
from findings.models import Finding, FindingStatus, FindingType

from .worlds import digest

VERSION = 2
"""Raise it when answers change for the same inventory."""
MOST_USES = 300
USE_MILLISECONDS = 1_500
"""That looking for known uses of a resource may take; a page waits for it."""
LARGE = 30_000
"""Characters of a resource's documents that are left to a worker."""


def can_be_mended(finding: Finding) -> bool:
    kinds = {FindingType.EXTERNAL_ACCESS, FindingType.INTERNAL_ACCESS}
    return finding.finding_type in kinds and not finding.error and finding.status != FindingStatus.RESOLVED


def key_of(finding: Finding) -> str:
    """Names everything that the answer depends on, known use aside."""
    row = _resource(finding)
    if row is None:
        return f"mend:{digest(VERSION, finding.pk)}"
    inputs = Inputs(zone_of_trust(finding.analyzer))
    state = [inputs.input_hash(outline) for outline in inputs.outlines([row.pk])]
    people = _state_of_principal(finding) if finding.finding_type == FindingType.INTERNAL_ACCESS else []
    said = (finding.principal, sorted(finding.action), finding.condition, finding.sources)
    return f"mend:{digest(VERSION, finding.pk, said, state, people)}"


def _state_of_principal(finding: Finding) -> list[object]:
    """Everything on the principal's side, by digests."""
    arn = finding.principal.get("AWS", "")
    row = Principal.objects.filter(arn=arn).values_list("arn", "groups", "account__parent", "account").first()
    if row is None:
        return []
    policies = PrincipalPolicy.objects.filter(principal__arn__in=[arn, *row[1]]).order_by("pk")
    controls = ControlPolicy.objects.order_by("pk").values_list("pk", "document", "targets")
    return [row, list(policies.values_list("kind", "name", "arn", "document")), list(controls)]


def is_large(finding: Finding) -> bool:
    row = _resource(finding)
    texts = row.documents.values_list("document__text", flat=True) if row is not None else ()
    return sum(map(len, texts)) > LARGE


def mended(finding: Finding, *, seconds: float) -> Mended:
    """Candidates for the finding, with the inventory as it is now."""
    row = _resource(finding)
    if row is None:
        return Mended(note="The resource is not in the inventory any more.")
    uses, note = _uses(finding, row)
    if finding.finding_type == FindingType.INTERNAL_ACCESS:
        found = _internal(finding, row, uses, seconds)
    else:
        found = mend_external(
            next(subjects([row.pk])),
            zone_of_trust(finding.analyzer),
            Wanted.of(finding.principal, finding.action, finding.condition, finding.sources),
            uses=uses,
            owner=row.account.canonical_user_id,
            seconds=seconds,
        )
    return replace(found, uses=len(uses), use_note=note)


def _resource(finding: Finding) -> Resource | None:
    return Resource.objects.select_related("account").filter(arn=finding.resource).first()


def _uses(finding: Finding, row: Resource) -> tuple[tuple[Used, ...], str]:
    """What is known to be used of the resource, attempts that were refused left out; and why that is not known."""
    parts = TRAITS[row.type].separator if row.type in TRAITS else ""
    about = Q(resource=row.arn) | (Q(resource__startswith=f"{row.arn}{parts}") if parts else Q())
    rows = Usage.objects.filter(about, denied=False).order_by()
    if finding.finding_type == FindingType.INTERNAL_ACCESS:
        rows = rows.filter(principal=finding.principal.get("AWS", ""))
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {USE_MILLISECONDS}")
            told = list(rows.values_list("principal", "action", "resource").distinct()[: MOST_USES + 1])
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError:
        return (), "Known uses of the resource could not be looked up in time."
    if not told:
        return (), "No use of the resource is known. That does not say that nobody uses it."
    return tuple(Used(one) for one in told), ""


# -- internal ------------------------------------------------------------------------------------------------------


def _internal(finding: Finding, row: Resource, uses: tuple[Used, ...], seconds: float) -> Mended:
    arn = str(finding.principal.get("AWS", ""))
    principal = Principal.objects.select_related("account").filter(arn=arn).first()
    if principal is None:
        return Mended(note="The principal is not in the inventory any more.")
    given = of_caller(principal)
    missing = tuple(given.pop("missing"))
    controlled = finding.analyzer.by_organization
    if not controlled:
        given.pop("scp_levels", None)
    try:
        policies = PolicySet.from_json(given)
    except ValueError as error:
        return Mended(note=f"A policy of the principal cannot be understood, so nothing can be proved: {error}")
    wanted = [one["document"] for one in finding.details.get("statements", ()) if one.get("channel") == "IDENTITY"]
    points = [one["detail"].get("accessPointArn", "") for one in finding.sources if one.get("detail")]
    inside = Inside(
        principal=arn,
        actions=tuple(finding.action),
        subject=next(subjects([row.pk])),
        policies=policies,
        held=tuple(_held(principal)),
        granting=tuple(Document.objects.filter(pk__in=wanted).values_list("text", flat=True)),
        missing=missing,
        controlled=controlled,
        owner=row.account.canonical_user_id,
        canonical=_canonical(principal.account_id),
        uses=uses,
        point=next(filter(None, points), ""),
    )
    return mend_internal(inside, seconds=seconds)


def _canonical(account: str) -> str:
    return Account.objects.filter(pk=account).values_list("canonical_user_id", flat=True).first() or ""


def _held(principal: Principal) -> list[Held]:
    """Its policies and those of its groups, each with the others who have it."""
    owners = [principal.arn, *principal.groups]
    rows = PrincipalPolicy.objects.filter(principal__arn__in=owners, document__isnull=False)
    found = []
    for row in rows.exclude(kind=PrincipalPolicy.Kind.BOUNDARY).select_related("document", "principal"):
        others: set[str] = set()
        holders = {row.principal.arn}
        if row.arn:
            same = PrincipalPolicy.objects.filter(arn=row.arn).exclude(kind=PrincipalPolicy.Kind.BOUNDARY)
            holders |= set(same.values_list("principal__arn", flat=True))
        groups = [one for one in holders if ":group/" in one]
        for group in groups:
            members = Principal.objects.filter(groups__contains=[group])
            others |= set(members.values_list("arn", flat=True))
        others |= holders - set(groups)
        text = row.document.text if row.document is not None else ""
        found.append(Held(text, row.principal.arn, row.name, row.arn, tuple(sorted(others - {principal.arn}))))
    return found
