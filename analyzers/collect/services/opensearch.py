"""Domains of OpenSearch. https://docs.aws.amazon.com/opensearch-service/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service

DOMAIN = "AWS::OpenSearchService::Domain"


def read(place: Place) -> Iterator[Part]:
    client = place.client("opensearch")
    for named in place.pages(client, "list_domain_names", "DomainNames"):
        name = named["DomainName"]
        arn = f"arn:{place.partition}:es:{place.region}:{place.account}:domain/{name}"
        answer = place.ask(arn, client, "describe_domain", absent=("ResourceNotFoundException",), DomainName=name)
        status = (answer or {}).get("DomainStatus") or {}
        yield place.resource(arn, DOMAIN, name=name, policy=status.get("AccessPolicies") or None)


SERVICE = Service(
    name="opensearch",
    read=read,
    types=(DOMAIN,),
    calls={"ListDomainNames": "es:ListDomainNames", "DescribeDomain": "es:DescribeDomain"},
)
