"""What counts as a change: rights, and not their use."""

from __future__ import annotations

from typing import Any

import pytest

from analyzers.inventory.store import Store
from analyzers.models import PrincipalPolicy

pytestmark = pytest.mark.django_db

ROLE = "arn:aws:iam::111122223333:role/app"
POLICY = "arn:aws:iam::111122223333:policy/work"


def document(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def changed(action: str = "s3:GetObject", managed: str = "sqs:SendMessage", **more: Any) -> set[str]:
    """The accounts in which anything is different after this role was read."""
    store = Store()
    store.managed_policy({"arn": POLICY, "document": document(managed)})
    inline = [{"name": "inline", "document": document(action)}]
    role = {"arn": ROLE, "kind": "ROLE", "inline_policies": inline, "managed_policies": [POLICY]}
    store.principals([{**role, "trust_policy": document("sts:AssumeRole"), **more}])
    store.write_documents()
    store.attach_managed("111122223333")
    return store.accounts


def test_only_rights_count() -> None:
    account = {"111122223333"}
    assert changed() == account
    assert changed() == set()
    assert changed(last_used_at="2026-01-01T00:00:00Z") == set()
    assert changed(action="s3:PutObject") == account
    assert changed(action="s3:PutObject") == set()
    assert changed(action="s3:PutObject", managed="sqs:*") == account
    assert changed(action="s3:PutObject", managed="sqs:*") == set()
    assert changed(action="s3:PutObject", managed="sqs:*", tags={"team": "red"}) == account
    texts = PrincipalPolicy.objects.filter(arn=POLICY).values_list("document__text", flat=True)
    assert ["sqs:*" in text for text in texts] == [True]
