"""A small organization, changed as an import would change it."""

from __future__ import annotations

import json
from typing import Any

from analyzers.actions import CreateAnalyzer
from analyzers.inventory.selection import everything
from analyzers.models import (
    Account,
    Analyzer,
    ControlPolicy,
    Document,
    Organization,
    OrganizationalUnit,
    Principal,
    PrincipalPolicy,
    Resource,
    ResourceDocument,
)
from analyzers.scans import request_scan, work

ROOT, UNIT, A, B, OUTSIDE = "r-1", "ou-1", "111111111111", "222222222222", "999988887777"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
FULL = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
BUCKET = "arn:aws:s3:::one"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1)


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def to(*principals: str) -> dict[str, Any]:
    return {"Principal": {"AWS": list(principals)} if principals else "*"}


def stored(text: str) -> Document:
    return Document.objects.get_or_create(sha256=Document.digest(text), defaults={"text": text})[0]


def set_policy(arn: str, text: str) -> None:
    ResourceDocument.objects.filter(resource__arn=arn, channel="POLICY").delete()
    if text:
        resource = Resource.objects.get(arn=arn)
        ResourceDocument.objects.create(resource=resource, channel="POLICY", document=stored(text))


def set_control(key: str, kind: str, text: str, targets: list[str]) -> None:
    ControlPolicy.objects.update_or_create(
        id=key,
        defaults={
            "organization_id": "o-1",
            "kind": kind,
            "name": key,
            "document": stored(text),
            "targets": sorted(targets),
        },
    )


def resource(arn: str, type_: str, text: str = "", account: str = A, **configuration: Any) -> None:
    Resource.objects.create(arn=arn, account_id=account, type=type_, configuration=configuration)
    set_policy(arn, text)


def role(name: str, *statements: dict[str, Any], account: str = A) -> str:
    arn = f"arn:aws:iam::{account}:role/{name}"
    made = Principal.objects.create(arn=arn, account_id=account, kind="ROLE", name=name)
    PrincipalPolicy.objects.create(principal=made, kind="INLINE", name="p", document=stored(document(*statements)))
    resource(arn, "AWS::IAM::Role", trust(account), account)
    return arn


def trust(*who: str) -> str:
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", **to(*who)})


def organization() -> None:
    """The root with account A (two buckets, a queue, a key) and a unit with account B; roles in both."""
    made = Organization.objects.create(id="o-1", management_account="999999999999", root=ROOT)
    OrganizationalUnit.objects.create(id=UNIT, organization=made, parent=ROOT, name="unit")
    Account.objects.create(id=A, organization=made, parent=ROOT, canonical_user_id="a" * 64)
    Account.objects.create(id=B, organization=made, parent=UNIT, canonical_user_id="b" * 64)
    set_control("p-full", SCP, document(*FULL), [ROOT, UNIT, A, B])
    role("reader", allow("s3:GetObject", f"{BUCKET}/*"))
    role("writer", allow(["s3:PutObject", "sqs:SendMessage"]))
    role("abroad", allow(["s3:GetObject", "kms:Decrypt"]), account=B)
    resource(BUCKET, "AWS::S3::Bucket", document(allow("s3:GetObject", f"{BUCKET}/*", **to(OUTSIDE, B))))
    resource("arn:aws:s3:::two", "AWS::S3::Bucket", account=B)
    resource(
        f"arn:aws:sqs:eu-central-1:{B}:queue",
        "AWS::SQS::Queue",
        document(allow("sqs:SendMessage", **to(OUTSIDE))),
        account=B,
    )


def external(**more: Any) -> Analyzer:
    return Analyzer.objects.create(name="outside", **{"type": "ORGANIZATION", "scope": "o-1", **more})


def internal() -> Analyzer:
    return CreateAnalyzer("inside", "ORGANIZATION_INTERNAL_ACCESS", "o-1", None, everything())()


def scan(analyzer: Analyzer) -> None:
    made = request_scan(analyzer)
    work(made.pk)
    made.refresh_from_db()
    assert made.status == "COMPLETED", made.error
