"""Secrets, without their values. https://docs.aws.amazon.com/secretsmanager/latest/apireference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment, tags

KIND = "AWS::SecretsManager::Secret"


def read(place: Place) -> Iterator[Part]:
    client = place.client("secretsmanager")
    for secret in place.pages(client, "list_secrets", "SecretList"):
        arn = secret["ARN"]
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


SERVICE = Service(
    name="secretsmanager",
    read=read,
    types=(KIND,),
    calls={
        "ListSecrets": "secretsmanager:ListSecrets",
        "GetResourcePolicy": "secretsmanager:GetResourcePolicy",
    },
)
