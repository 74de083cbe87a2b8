"""Domains of package repositories. https://docs.aws.amazon.com/codeartifact/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment

DOMAIN = "AWS::CodeArtifact::Domain"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("codeartifact"), "list_domains", "domains")


def _arn(place: Place, domain: Any) -> str:
    return str(domain["arn"])


def _describe(place: Place, domain: Any) -> Iterator[Part]:
    arn, name = _arn(place, domain), domain["name"]
    gone = ("ResourceNotFoundException",)
    client = place.client("codeartifact")
    answer = place.ask(arn, client, "get_domain_permissions_policy", absent=gone, domain=name)
    yield place.resource(
        arn,
        DOMAIN,
        name=name,
        created_at=moment(domain.get("createdTime")),
        policy=((answer or {}).get("policy") or {}).get("document"),
        encryption_key=domain.get("encryptionKey"),
    )


_DOMAINS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="codeartifact",
    read=_DOMAINS.read,
    read_one=_DOMAINS.read_one,
    types=(DOMAIN,),
    calls={
        "ListDomains": "codeartifact:ListDomains",
        "GetDomainPermissionsPolicy": "codeartifact:GetDomainPermissionsPolicy",
    },
)
