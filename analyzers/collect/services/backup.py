"""Backup vaults. https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment

VAULT = "AWS::Backup::BackupVault"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("backup"), "list_backup_vaults", "BackupVaultList")


def _arn(place: Place, vault: Any) -> str:
    return str(vault["BackupVaultArn"])


def _describe(place: Place, vault: Any) -> Iterator[Part]:
    arn, name = _arn(place, vault), vault["BackupVaultName"]
    gone = ("ResourceNotFoundException",)
    client = place.client("backup")
    answer = place.ask(arn, client, "get_backup_vault_access_policy", absent=gone, BackupVaultName=name)
    created = moment(vault.get("CreationDate"))
    text = (answer or {}).get("Policy")
    yield place.resource(
        arn, VAULT, name=name, created_at=created, policy=text, encryption_key=vault.get("EncryptionKeyArn")
    )


_VAULTS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="backup",
    read=_VAULTS.read,
    read_one=_VAULTS.read_one,
    types=(VAULT,),
    calls={
        "ListBackupVaults": "backup:ListBackupVaults",
        "GetBackupVaultAccessPolicy": "backup:GetBackupVaultAccessPolicy",
    },
)
