"""REST APIs. The policy comes as text whose quotes are escaped once more.

https://docs.aws.amazon.com/apigateway/latest/api/API_RestApi.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers.collect.place import Part, Place, Service, moment, tags

REST_API = "AWS::ApiGateway::RestApi"


def read(place: Place) -> Iterator[Part]:
    client = place.client("apigateway")
    for api in place.pages(client, "get_rest_apis", "items"):
        arn = f"arn:{place.partition}:execute-api:{place.region}:{place.account}:{api['id']}"
        yield place.resource(
            arn,
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


SERVICE = Service(name="apigateway", read=read, types=(REST_API,), calls={"GetRestApis": "apigateway:GET"})
