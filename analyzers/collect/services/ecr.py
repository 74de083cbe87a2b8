"""Repositories of container images, each with the policy of the registry, which holds for all of them.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from analyzers.collect.place import Listing, Part, Place, Service, moment, problem, tags

REPOSITORY = "AWS::ECR::Repository"


_NONE = ("RepositoryPolicyNotFoundException", "RepositoryNotFoundException")


def _items(place: Place, wanted: str) -> Iterator[tuple[Any, Any]]:
    """Repositories with what is known of the registry's policy: its text, None if there is none, or the error."""
    client = place.client("ecr")
    registry: Any = _NOT_ASKED
    chosen: dict[str, Any] = {"repositoryNames": [wanted.split(":repository/", 1)[-1]]} if wanted else {}
    for repository in place.pages(client, "describe_repositories", "repositories", **chosen):
        if registry is _NOT_ASKED:
            registry = _registry_policy(place, client)
        yield repository, registry


_NOT_ASKED = object()


def _registry_policy(place: Place, client: Any) -> Any:
    try:
        return place.call(client, "get_registry_policy").get("policyText")
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "RegistryPolicyNotFoundException":
            return None
        return error


def _arn(place: Place, item: tuple[Any, Any]) -> str:
    return str(item[0]["repositoryArn"])


def _describe(place: Place, item: tuple[Any, Any]) -> Iterator[Part]:
    repository, registry = item
    client = place.client("ecr")
    arn, name = repository["repositoryArn"], repository["repositoryName"]
    answer = place.ask(arn, client, "get_repository_policy", absent=_NONE, repositoryName=name)
    listed = place.ask(arn, client, "list_tags_for_resource", absent=_NONE, resourceArn=arn)
    if isinstance(registry, Exception):
        place.problems.append(problem(registry, client, "get_registry_policy", place.calls, arn))
        registry = None
    encryption = repository.get("encryptionConfiguration") or {}
    yield place.resource(
        arn,
        REPOSITORY,
        name=name,
        created_at=moment(repository.get("createdAt")),
        tags=tags((listed or {}).get("tags")),
        policy=(answer or {}).get("policyText"),
        registry_policy=registry,
        encryption_key=encryption.get("kmsKey"),
    )


_REPOSITORIES = Listing(_items, _arn, _describe, gone=("RepositoryNotFoundException",))
SERVICE = Service(
    name="ecr",
    read=_REPOSITORIES.read,
    read_one=_REPOSITORIES.read_one,
    types=(REPOSITORY,),
    calls={
        "DescribeRepositories": "ecr:DescribeRepositories",
        "GetRegistryPolicy": "ecr:GetRegistryPolicy",
        "GetRepositoryPolicy": "ecr:GetRepositoryPolicy",
        "ListTagsForResource": "ecr:ListTagsForResource",
    },
)
