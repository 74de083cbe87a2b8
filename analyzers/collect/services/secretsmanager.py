"""Secrets, without their values. https://docs.aws.amazon.com/secretsmanager/latest/apireference/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment, tags

KIND = "AWS::SecretsManager::Secret"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("secretsmanager"), "list_secrets", "SecretList")


def _arn(place: Place, secret: Any) -> str:
    return str(secret["ARN"])


def _describe(place: Place, secret: Any) -> Iterator[Part]:
    arn, client = _arn(place, secret), place.client("secretsmanager")
    gone = ("ResourceNotFoundException",)
    answer = place.ask(arn, client, "get_resource_policy", absent=gone, SecretId=arn)
    yield place.resource(
        arn,
        KIND,
        name=secret.get("Name", ""),
        created_at=moment(secret.get("CreatedDate")),
        tags=tags(secret.get("Tags")),
        policy=(answer or {}).get("ResourcePolicy") or None,
        encryption_key=secret.get("KmsKeyId"),
    )


_SECRETS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="secretsmanager",
    read=_SECRETS.read,
    read_one=_SECRETS.read_one,
    types=(KIND,),
    calls={
        "ListSecrets": "secretsmanager:ListSecrets",
        "GetResourcePolicy": "secretsmanager:GetResourcePolicy",
    },
)
