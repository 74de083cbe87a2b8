"""REST APIs. The policy comes as text whose quotes are escaped once more.

https://docs.aws.amazon.com/apigateway/latest/api/API_RestApi.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, moment, tags

REST_API = "AWS::ApiGateway::RestApi"


def _items(place: Place, wanted: str) -> Iterator[Any]:
    client = place.client("apigateway")
    if wanted:
        yield place.call(client, "get_rest_api", restApiId=wanted.rsplit(":", 1)[-1])
    else:
        yield from place.pages(client, "get_rest_apis", "items")


def _arn(place: Place, api: Any) -> str:
    return f"arn:{place.partition}:execute-api:{place.region}:{place.account}:{api['id']}"


def _describe(place: Place, api: Any) -> Iterator[Part]:
    yield place.resource(
        _arn(place, api),
        REST_API,
        name=api.get("name", ""),
        created_at=moment(api.get("createdDate")),
        tags=tags(api.get("tags")),
        policy=_unescaped(api.get("policy")),
    )


def _unescaped(text: str | None) -> str | None:
    if not text:
        return None
    return text.replace('\\"', '"') if text.startswith('{\\"') else text


_APIS = Listing(_items, _arn, _describe, gone=("NotFoundException",))
SERVICE = Service(
    name="apigateway",
    read=_APIS.read,
    read_one=_APIS.read_one,
    types=(REST_API,),
    calls={"GetRestApis": "apigateway:GET", "GetRestApi": "apigateway:GET"},
)
