"""Domains of package repositories. https://docs.aws.amazon.com/codeartifact/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment

DOMAIN = "AWS::CodeArtifact::Domain"


def read(place: Place) -> Iterator[Part]:
    client = place.client("codeartifact")
    for domain in place.pages(client, "list_domains", "domains"):
        arn, name = domain["arn"], domain["name"]
        gone = ("ResourceNotFoundException",)
        answer = place.ask(arn, client, "get_domain_permissions_policy", absent=gone, domain=name)
        text = ((answer or {}).get("policy") or {}).get("document")
        yield place.resource(
            arn,
            DOMAIN,
            name=name,
            created_at=moment(domain.get("createdTime")),
            policy=text,
            encryption_key=domain.get("encryptionKey"),
        )


SERVICE = Service(
    name="codeartifact",
    read=read,
    types=(DOMAIN,),
    calls={
        "ListDomains": "codeartifact:ListDomains",
        "GetDomainPermissionsPolicy": "codeartifact:GetDomainPermissionsPolicy",
    },
)
