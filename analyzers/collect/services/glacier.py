"""Vaults of archives. https://docs.aws.amazon.com/amazonglacier/latest/dev/vault-access-policy.html"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service

VAULT = "AWS::S3::Glacier"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("glacier"), "list_vaults", "VaultList", accountId="-")


def _arn(place: Place, vault: Any) -> str:
    return str(vault["VaultARN"])


def _describe(place: Place, vault: Any) -> Iterator[Part]:
    arn, name = _arn(place, vault), vault["VaultName"]
    gone = ("ResourceNotFoundException",)
    client = place.client("glacier")
    answer = place.ask(arn, client, "get_vault_access_policy", absent=gone, accountId="-", vaultName=name)
    created = str(vault.get("CreationDate", ""))[:40] or None
    text = ((answer or {}).get("policy") or {}).get("Policy")
    yield place.resource(arn, VAULT, name=name, created_at=created, policy=text)


_VAULTS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="glacier",
    read=_VAULTS.read,
    read_one=_VAULTS.read_one,
    types=(VAULT,),
    calls={"ListVaults": "glacier:ListVaults", "GetVaultAccessPolicy": "glacier:GetVaultAccessPolicy"},
)
