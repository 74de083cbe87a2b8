"""Customer managed keys with their policies and grants.

Keys that AWS manages cannot be shared, so they are left out. https://docs.aws.amazon.com/kms/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment, tags

KEY = "AWS::KMS::Key"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    client = place.client("kms")
    if not wanted:
        yield from place.pages(client, "list_keys", "Keys")
        return
    found = place.call(client, "describe_key", KeyId=wanted)["KeyMetadata"]
    yield {"KeyArn": found["Arn"], "KeyId": found["KeyId"]}


def _arn(place: Place, key: Any) -> str:
    return str(key["KeyArn"])


def _describe(place: Place, key: Any) -> Iterator[Part]:
    arn, client = _arn(place, key), place.client("kms")
    described = (place.ask(arn, client, "describe_key", KeyId=arn) or {}).get("KeyMetadata") or {}
    if described.get("KeyManager") == "AWS":
        return
    policy = place.ask(arn, client, "get_key_policy", KeyId=arn, PolicyName="default")
    listed = place.all(arn, client, "list_resource_tags", "Tags", KeyId=arn)
    grants = [_grant(grant) for grant in place.all(arn, client, "list_grants", "Grants", KeyId=arn)]
    yield place.resource(
        arn,
        KEY,
        name=described.get("Description") or key["KeyId"],
        created_at=moment(described.get("CreationDate")),
        tags=tags(listed, "TagKey", "TagValue"),
        policy=(policy or {}).get("Policy"),
        grants=grants,
    )


def _grant(grant: Any) -> dict[str, Any]:
    constraints = grant.get("Constraints") or {}
    found = {
        "id": grant.get("GrantId"),
        "granteePrincipal": grant["GranteePrincipal"],
        "retiringPrincipal": grant.get("RetiringPrincipal"),
        "issuingAccount": grant.get("IssuingAccount"),
        "operations": grant["Operations"],
        "constraints": {
            name[:1].lower() + name[1:]: constraints[name]
            for name in ("EncryptionContextEquals", "EncryptionContextSubset")
            if constraints.get(name)
        },
    }
    return {key: value for key, value in found.items() if value}


_KEYS = Listing(_items, _arn, _describe, gone=("NotFoundException",))
SERVICE = Service(
    name="kms",
    read=_KEYS.read,
    read_one=_KEYS.read_one,
    types=(KEY,),
    calls={
        "ListKeys": "kms:ListKeys",
        "DescribeKey": "kms:DescribeKey",
        "GetKeyPolicy": "kms:GetKeyPolicy",
        "ListResourceTags": "kms:ListResourceTags",
        "ListGrants": "kms:ListGrants",
    },
)
