"""Vaults of archives. https://docs.aws.amazon.com/amazonglacier/latest/dev/vault-access-policy.html"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service

VAULT = "AWS::S3::Glacier"


def read(place: Place) -> Iterator[Part]:
    client = place.client("glacier")
    for vault in place.pages(client, "list_vaults", "VaultList", accountId="-"):
        arn, name = vault["VaultARN"], vault["VaultName"]
        gone = ("ResourceNotFoundException",)
        answer = place.ask(arn, client, "get_vault_access_policy", absent=gone, accountId="-", vaultName=name)
        created = str(vault.get("CreationDate", ""))[:40] or None
        text = ((answer or {}).get("policy") or {}).get("Policy")
        yield place.resource(arn, VAULT, name=name, created_at=created, policy=text)


SERVICE = Service(
    name="glacier",
    read=read,
    types=(VAULT,),
    calls={"ListVaults": "glacier:ListVaults", "GetVaultAccessPolicy": "glacier:GetVaultAccessPolicy"},
)
