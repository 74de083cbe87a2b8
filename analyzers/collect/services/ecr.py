"""Repositories of container images. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment, tags

REPOSITORY = "AWS::ECR::Repository"


def read(place: Place) -> Iterator[Part]:
    client = place.client("ecr")
    for repository in place.pages(client, "describe_repositories", "repositories"):
        arn, name = repository["repositoryArn"], repository["repositoryName"]
        gone = ("RepositoryPolicyNotFoundException", "RepositoryNotFoundException")
        answer = place.ask(arn, client, "get_repository_policy", absent=gone, repositoryName=name)
        listed = place.ask(arn, client, "list_tags_for_resource", absent=gone, resourceArn=arn)
        yield place.resource(
            arn,
            REPOSITORY,
            name=name,
            created_at=moment(repository.get("createdAt")),
            tags=tags((listed or {}).get("tags")),
            policy=(answer or {}).get("policyText"),
        )


SERVICE = Service(
    name="ecr",
    read=read,
    types=(REPOSITORY,),
    calls={
        "DescribeRepositories": "ecr:DescribeRepositories",
        "GetRepositoryPolicy": "ecr:GetRepositoryPolicy",
        "ListTagsForResource": "ecr:ListTagsForResource",
    },
)
