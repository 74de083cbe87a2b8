"""The organization: its tree, accounts, and control policies.

https://docs.aws.amazon.com/organizations/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.collect.place import Part, Place, Service, problem, tags

KINDS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")


def read(place: Place) -> Iterator[Part]:
    client = place.client("organizations")
    organization = place.call(client, "describe_organization")["Organization"]
    root = next(iter(place.pages(client, "list_roots", "Roots")))
    units, accounts = [], []
    waiting = [root["Id"]]
    while waiting:
        parent = waiting.pop()
        for account in place.pages(client, "list_accounts_for_parent", "Accounts", ParentId=parent):
            accounts.append((account, parent))
        for unit in place.pages(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
            units.append({"id": unit["Id"], "name": unit["Name"], "parent": parent})
            waiting.append(unit["Id"])
    yield (
        "organization",
        {
            "id": organization["Id"],
            "management_account": organization["MasterAccountId"],
            "root": root["Id"],
            "units": sorted(units, key=lambda unit: str(unit["id"])),
        },
    )
    delegated = {
        account["Id"] for account in place.all("", client, "list_delegated_administrators", "DelegatedAdministrators")
    }
    for account, parent in sorted(accounts, key=lambda pair: str(pair[0]["Id"])):
        found: dict[str, Any] = {
            "id": account["Id"],
            "name": account.get("Name", ""),
            "parent": parent,
            "status": account.get("State") or account.get("Status") or "ACTIVE",
            "delegated_administrator": account["Id"] in delegated,
        }
        about = str(account.get("Arn", account["Id"]))
        found["tags"] = tags(place.all(about, client, "list_tags_for_resource", "Tags", ResourceId=account["Id"]))
        yield "accounts", found
    try:
        yield from list(_control_policies(place, client, root))
    except (ClientError, BotoCoreError) as error:
        # Those that are known stay; without any, more is reported than there is, never less.
        place.problems.append(problem(error, client, _failed(error, client), place.calls))
        place.kept.add("control_policies")


def _failed(error: Exception, client: Any) -> str:
    """The method of the call that failed."""
    names = {api: method for method, api in client.meta.method_to_api_mapping.items()}
    return str(names.get(getattr(error, "operation_name", ""), "list_policies"))


def _control_policies(place: Place, client: Any, root: dict[str, Any]) -> Iterator[Part]:
    enabled = {kind["Type"] for kind in root.get("PolicyTypes") or () if kind.get("Status") == "ENABLED"}
    for kind in KINDS:
        if kind not in enabled:
            continue
        for policy in place.pages(client, "list_policies", "Policies", Filter=kind):
            described = place.call(client, "describe_policy", PolicyId=policy["Id"])["Policy"]
            targets = place.pages(client, "list_targets_for_policy", "Targets", PolicyId=policy["Id"])
            yield (
                "control_policies",
                {
                    "id": policy["Id"],
                    "type": kind,
                    "name": policy.get("Name", ""),
                    "aws_managed": bool(policy.get("AwsManaged")),
                    "document": described["Content"],
                    "targets": sorted(target["TargetId"] for target in targets),
                },
            )


SERVICE = Service(
    name="organizations",
    everywhere=False,
    read=read,
    calls={
        "DescribeOrganization": "organizations:DescribeOrganization",
        "ListRoots": "organizations:ListRoots",
        "ListAccountsForParent": "organizations:ListAccountsForParent",
        "ListOrganizationalUnitsForParent": "organizations:ListOrganizationalUnitsForParent",
        "ListDelegatedAdministrators": "organizations:ListDelegatedAdministrators",
        "ListTagsForResource": "organizations:ListTagsForResource",
        "ListPolicies": "organizations:ListPolicies",
        "DescribePolicy": "organizations:DescribePolicy",
        "ListTargetsForPolicy": "organizations:ListTargetsForPolicy",
    },
)
