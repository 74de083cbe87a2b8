"""Backup vaults. https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment

VAULT = "AWS::Backup::BackupVault"


def read(place: Place) -> Iterator[Part]:
    client = place.client("backup")
    for vault in place.pages(client, "list_backup_vaults", "BackupVaultList"):
        arn, name = vault["BackupVaultArn"], vault["BackupVaultName"]
        gone = ("ResourceNotFoundException",)
        answer = place.ask(arn, client, "get_backup_vault_access_policy", absent=gone, BackupVaultName=name)
        created = moment(vault.get("CreationDate"))
        text = (answer or {}).get("Policy")
        yield place.resource(
            arn, VAULT, name=name, created_at=created, policy=text, encryption_key=vault.get("EncryptionKeyArn")
        )


SERVICE = Service(
    name="backup",
    read=read,
    types=(VAULT,),
    calls={
        "ListBackupVaults": "backup:ListBackupVaults",
        "GetBackupVaultAccessPolicy": "backup:GetBackupVaultAccessPolicy",
    },
)
