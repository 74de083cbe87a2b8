"""Domains of OpenSearch. https://docs.aws.amazon.com/opensearch-service/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service

DOMAIN = "AWS::OpenSearchService::Domain"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("opensearch"), "list_domain_names", "DomainNames")


def _arn(place: Place, named: Any) -> str:
    return f"arn:{place.partition}:es:{place.region}:{place.account}:domain/{named['DomainName']}"


def _describe(place: Place, named: Any) -> Iterator[Part]:
    arn, name = _arn(place, named), named["DomainName"]
    client = place.client("opensearch")
    answer = place.ask(arn, client, "describe_domain", absent=("ResourceNotFoundException",), DomainName=name)
    status = (answer or {}).get("DomainStatus") or {}
    yield place.resource(arn, DOMAIN, name=name, policy=status.get("AccessPolicies") or None)


_DOMAINS = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="opensearch",
    read=_DOMAINS.read,
    read_one=_DOMAINS.read_one,
    types=(DOMAIN,),
    calls={"ListDomainNames": "es:ListDomainNames", "DescribeDomain": "es:DescribeDomain"},
)
