"""Event data stores of CloudTrail Lake. https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.changes import CALLS
from analyzers.collect.place import Part, Place, Service

STORE = "AWS::CloudTrail::EventDataStore"


def read(place: Place) -> Iterator[Part]:
    client = place.client("cloudtrail")
    for store in place.pages(client, "list_event_data_stores", "EventDataStores"):
        arn = store["EventDataStoreArn"]
        gone = ("ResourcePolicyNotFoundException", "ResourceNotFoundException")
        answer = place.ask(arn, client, "get_resource_policy", absent=gone, ResourceArn=arn)
        yield place.resource(arn, STORE, name=store.get("Name", ""), policy=(answer or {}).get("ResourcePolicy"))


SERVICE = Service(
    name="cloudtrail",
    read=read,
    types=(STORE,),
    calls={
        "ListEventDataStores": "cloudtrail:ListEventDataStores",
        "GetResourcePolicy": "cloudtrail:GetResourcePolicy",
        **CALLS,  # asked when somebody wants to know who changed a resource
    },
)
