"""Users, roles, groups, their policies, boundaries and credentials.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, PaginationError

from analyzers.collect.place import Part, Place, Service, moment, problem
from analyzers.inventory import iam_answer

REPORT_TRIES = 10
"""Half a second each: a report is usually ready at once."""


def read(place: Place) -> Iterator[Part]:
    client = place.client("iam")
    boundaries: set[str] = set()
    described: set[str] = set()
    report = {row.get("arn", ""): row for row in _credential_report(place, client)}
    for section, value in _details(place, client):
        if section == iam_answer.POLICIES:
            policy = iam_answer.managed_policy(value)
            policy["updated_at"] = moment(value.get("UpdateDate"))
            described.add(policy["arn"])
            yield "managed_policies", policy
            continue
        if section == "RoleDetailList":
            found = _role(value, place)
        else:
            found = iam_answer.principal(section, value, place.account)
            found["created_at"] = moment(value.get("CreateDate"))
        if found["kind"] == "USER":
            found |= _user(place, client, value, report.get(value["Arn"], {}))
        if found.get("permissions_boundary"):
            boundaries.add(found["permissions_boundary"])
        yield "principals", found
    for arn in sorted(boundaries - described):
        yield from _policy(place, client, arn)
    yield from _providers(place, client)


def read_one(place: Place, arn: str) -> Iterator[Part]:
    """A role. Users, groups and policies are read with the account: a policy may be held by many."""
    client = place.client("iam")
    name = arn.rsplit("/", 1)[-1]
    try:
        role = place.call(client, "get_role", RoleName=name)["Role"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchEntity":
            return
        raise
    if role.get("Arn") != arn:
        return
    inline = []
    for policy in place.pages(client, "list_role_policies", "PolicyNames", RoleName=name):
        inline.append(place.call(client, "get_role_policy", RoleName=name, PolicyName=policy))
    attached = list(place.pages(client, "list_attached_role_policies", "AttachedPolicies", RoleName=name))
    boundary = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    for policy in dict.fromkeys([*(one["PolicyArn"] for one in attached), *([boundary] if boundary else [])]):
        yield from _policy(place, client, policy)
    yield "principals", _role({**role, "RolePolicyList": inline, "AttachedManagedPolicies": attached}, place)


def _role(value: Any, place: Place) -> dict[str, Any]:
    found = iam_answer.principal("RoleDetailList", value, place.account)
    found["created_at"] = moment(value.get("CreateDate"))
    found["last_used_at"] = moment((value.get("RoleLastUsed") or {}).get("LastUsedDate"))
    # An empty answer says that there was no use; none at all says nothing.
    found["last_used_known"] = "RoleLastUsed" in value
    return found


def _providers(place: Place, client: Any) -> Iterator[Part]:
    """SAML and OpenID Connect providers: whom the account lets say who somebody is."""
    before = len(place.problems)
    found = []
    for provider in _listed(place, client, "list_saml_providers", "SAMLProviderList"):
        valid = moment(provider.get("ValidUntil"))
        found.append({"arn": provider["Arn"], "kind": "SAML", "valid_until": valid})
    for provider in _listed(place, client, "list_open_id_connect_providers", "OpenIDConnectProviderList"):
        arn = provider["Arn"]
        answer = place.ask(arn, client, "get_open_id_connect_provider", OpenIDConnectProviderArn=arn) or {}
        clients = sorted(str(one) for one in answer.get("ClientIDList") or ())
        found.append({"arn": arn, "kind": "OIDC", "url": answer.get("Url") or "", "client_ids": clients})
    if len(place.problems) == before:
        yield "account_details", {"id": place.account, "identity_providers": sorted(found, key=lambda one: one["arn"])}


def _listed(place: Place, client: Any, operation: str, key: str) -> list[Any]:
    return (place.ask("", client, operation) or {}).get(key) or []


def _details(place: Place, client: Any) -> Iterator[tuple[str, Any]]:
    """All sections, page by page."""
    parameters: dict[str, Any] = {}
    while True:
        page = place.call(client, "get_account_authorization_details", **parameters, **_size(place))
        for section in (iam_answer.POLICIES, *iam_answer.SECTIONS):
            for value in page.get(section) or ():
                yield section, value
        if not page.get("IsTruncated"):
            return
        if parameters.get("Marker") == page["Marker"]:
            raise PaginationError(message="GetAccountAuthorizationDetails gives the same page again")
        parameters = {"Marker": page["Marker"]}


def _size(place: Place) -> dict[str, int]:
    return {"MaxItems": place.page_size} if place.page_size else {}


def _policy(place: Place, client: Any, arn: str) -> Iterator[Part]:
    """A boundary that is attached to nobody as a policy is not among the details."""
    answer = place.ask(arn, client, "get_policy", PolicyArn=arn)
    if answer is None:
        return
    version = place.ask(
        arn, client, "get_policy_version", PolicyArn=arn, VersionId=answer["Policy"]["DefaultVersionId"]
    )
    if version is not None:
        yield (
            "managed_policies",
            {
                "arn": arn,
                "document": iam_answer.document(version["PolicyVersion"]["Document"]),
                "updated_at": moment(answer["Policy"].get("UpdateDate")),
            },
        )


def _user(place: Place, client: Any, value: Any, row: dict[str, str]) -> dict[str, Any]:
    name, arn = value["UserName"], value["Arn"]
    keys = []
    for key in place.all(arn, client, "list_access_keys", "AccessKeyMetadata", UserName=name):
        used = place.ask(arn, client, "get_access_key_last_used", AccessKeyId=key["AccessKeyId"])
        last = (used or {}).get("AccessKeyLastUsed") or {}
        keys.append(
            {
                "id": key["AccessKeyId"],
                "status": key["Status"],
                "created_at": moment(key.get("CreateDate")),
                "last_used_at": moment(last.get("LastUsedDate")),
                "last_used_service": last.get("ServiceName", ""),
                "known": used is not None,
            }
        )
    login = place.ask(arn, client, "get_login_profile", absent=("NoSuchEntity",), UserName=name)
    password = None
    if login is not None:
        password = {
            "created_at": moment(login["LoginProfile"].get("CreateDate")),
            "last_used_at": moment(value.get("PasswordLastUsed")) or _when(row.get("password_last_used")),
            "mfa": row.get("mfa_active") == "true" if row else None,
        }
    return {"credentials": {"access_keys": keys, "password": password}}


def _when(text: str | None) -> str | None:
    return text if text and text[:1].isdigit() else None


def _credential_report(place: Place, client: Any) -> list[dict[str, str]]:
    """The report's rows; none if it cannot be had."""
    try:
        for _ in range(REPORT_TRIES):
            if place.call(client, "generate_credential_report").get("State") == "COMPLETE":
                break
            time.sleep(0.5)
        content = place.call(client, "get_credential_report")["Content"]
    except (ClientError, BotoCoreError) as error:
        place.problems.append(problem(error, client, "get_credential_report", place.calls))
        return []
    return list(csv.DictReader(io.StringIO(content.decode("utf-8", "replace"))))


SERVICE = Service(
    name="iam",
    everywhere=False,
    read=read,
    read_one=read_one,
    types=("AWS::IAM::Role",),
    principals=True,
    calls={
        "GetAccountAuthorizationDetails": "iam:GetAccountAuthorizationDetails",
        "GetRole": "iam:GetRole",
        "ListRolePolicies": "iam:ListRolePolicies",
        "GetRolePolicy": "iam:GetRolePolicy",
        "ListAttachedRolePolicies": "iam:ListAttachedRolePolicies",
        "ListSAMLProviders": "iam:ListSAMLProviders",
        "ListOpenIDConnectProviders": "iam:ListOpenIDConnectProviders",
        "GetOpenIDConnectProvider": "iam:GetOpenIDConnectProvider",
        "GetPolicy": "iam:GetPolicy",
        "GetPolicyVersion": "iam:GetPolicyVersion",
        "ListAccessKeys": "iam:ListAccessKeys",
        "GetAccessKeyLastUsed": "iam:GetAccessKeyLastUsed",
        "GetLoginProfile": "iam:GetLoginProfile",
        "GenerateCredentialReport": "iam:GenerateCredentialReport",
        "GetCredentialReport": "iam:GetCredentialReport",
    },
)
