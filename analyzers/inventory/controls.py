"""Control policies as plain values, and what is supposed to be otherwise than the inventory says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzers.kinds.subject import Subject
from analyzers.models import Account, ControlPolicy, Organization, OrganizationalUnit

SUPPOSED_ID = "p-supposed"
"""Of a control policy that does not exist yet."""
FULL_ACCESS = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
"""FullAWSAccess, which AWS attaches everywhere when service control policies are turned on.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"""
_FULL_ACCESS_ID = "p-FullAWSAccess"


class Control(NamedTuple):
    """`kind`: a value of `ControlPolicy.Kind`. `targets`: roots, units and accounts that it is attached to."""

    id: str
    organization: str
    kind: str
    name: str
    text: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Supposed:
    """What is taken to be otherwise than the inventory says: `control` stands in the place of the policy with its id,
    or beside the others if there is none; `subjects` in the place of the resources with their ARNs."""

    control: Control | None = None
    subjects: Mapping[str, Subject] = field(default_factory=dict)

    @property
    def trusts(self) -> dict[str, str]:
        """Trust policies of roles by ARN."""
        roles = (subject for subject in self.subjects.values() if subject.type == "AWS::IAM::Role")
        return {role.arn: next((one.text for one in role.documents if one.channel == "POLICY"), "") for role in roles}


NOTHING = Supposed()


def controls(kinds: Collection[str], organization: str | None = None, supposed: Control | None = None) -> list[Control]:
    """The control policies of these kinds, by id; of all organizations if none is named."""
    rows = ControlPolicy.objects.filter(kind__in=kinds).select_related("document").order_by("id")
    if organization is not None:
        rows = rows.filter(organization=organization)
    found = [
        Control(row.pk, row.organization_id, row.kind, row.name, row.document.text, tuple(row.targets)) for row in rows
    ]
    if supposed is None or supposed.kind not in kinds or organization not in {None, supposed.organization}:
        return found
    if supposed.id in {one.id for one in found}:
        return [supposed if one.id == supposed.id else one for one in found]
    return [*found, supposed, *_turned_on(supposed)]


def _turned_on(supposed: Control) -> Iterator[Control]:
    """What AWS attaches everywhere with the first service control policy of an organization."""
    scp = ControlPolicy.Kind.SCP
    if supposed.kind != scp or ControlPolicy.objects.filter(kind=scp, organization=supposed.organization).exists():
        return
    everywhere = [*_roots(supposed.organization), *_units(supposed.organization)]
    everywhere += Account.objects.filter(organization=supposed.organization).values_list("pk", flat=True)
    yield Control(_FULL_ACCESS_ID, supposed.organization, scp, "FullAWSAccess", FULL_ACCESS, tuple(everywhere))


def _roots(organization: str) -> list[str]:
    return list(Organization.objects.filter(pk=organization).values_list("root", flat=True))


def _units(organization: str) -> list[str]:
    return list(OrganizationalUnit.objects.filter(organization=organization).values_list("pk", flat=True))


def places(organization: str) -> list[tuple[str, str]]:
    """Id and name of everything that a control policy can be attached to, from the root down."""
    units = OrganizationalUnit.objects.filter(organization=organization).order_by("name", "pk")
    accounts = Account.objects.filter(organization=organization).order_by("name", "pk")
    return [
        *((root, "root") for root in _roots(organization)),
        *((unit.pk, unit.name) for unit in units),
        *((account.pk, account.name or account.pk) for account in accounts),
    ]


def accounts_under(organization: str, targets: Collection[str]) -> set[str]:
    """The accounts on or below these targets. That the management account is bound by none is left to others."""
    parents = dict(OrganizationalUnit.objects.filter(organization=organization).values_list("id", "parent"))
    wanted, found = set(targets), set()
    for account, parent in Account.objects.filter(organization=organization).values_list("pk", "parent"):
        path, step = {account}, parent
        while step and step not in path:
            path.add(step)
            step = parents.get(step, "")
        if path & wanted:
            found.add(account)
    return found
