"""Event data stores of CloudTrail Lake. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.history import CALLS
from analyzers.collect.place import Listing, Part, Place, Service

STORE = "AWS::CloudTrail::EventDataStore"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("cloudtrail"), "list_event_data_stores", "EventDataStores")


def _arn(place: Place, store: Any) -> str:
    return str(store["EventDataStoreArn"])


def _describe(place: Place, store: Any) -> Iterator[Part]:
    arn = _arn(place, store)
    gone = ("ResourcePolicyNotFoundException", "ResourceNotFoundException")
    answer = place.ask(arn, place.client("cloudtrail"), "get_resource_policy", absent=gone, ResourceArn=arn)
    yield place.resource(arn, STORE, name=store.get("Name", ""), policy=(answer or {}).get("ResourcePolicy"))


_STORES = Listing(_items, _arn, _describe)
SERVICE = Service(
    name="cloudtrail",
    read=_STORES.read,
    read_one=_STORES.read_one,
    types=(STORE,),
    calls={
        "ListEventDataStores": "cloudtrail:ListEventDataStores",
        "GetResourcePolicy": "cloudtrail:GetResourcePolicy",
        **CALLS,  # asked when somebody wants to know who changed a resource
    },
)
