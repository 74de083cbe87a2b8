"""Functions with the policies of the function, its versions and aliases, and layer versions.

https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Part, Place, Service, tags

FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
_NONE = ("ResourceNotFoundException",)


def read(place: Place) -> Iterator[Part]:
    client = place.client("lambda")
    for function in place.pages(client, "list_functions", "Functions"):
        yield from _function(place, client, function)
    for layer in place.pages(client, "list_layers", "Layers"):
        for version in place.pages(client, "list_layer_versions", "LayerVersions", LayerName=layer["LayerArn"]):
            arn, number = version["LayerVersionArn"], version["Version"]
            asked = {"LayerName": layer["LayerArn"], "VersionNumber": number}
            policy = place.ask(arn, client, "get_layer_version_policy", absent=_NONE, **asked)
            yield place.resource(
                arn,
                LAYER,
                name=f"{layer['LayerName']}:{number}",
                created_at=str(version.get("CreatedDate", ""))[:40] or None,
                policy=(policy or {}).get("Policy"),
            )


def _function(place: Place, client: Any, function: Any) -> Iterator[Part]:
    arn, name = function["FunctionArn"], function["FunctionName"]
    policy = place.ask(arn, client, "get_policy", absent=_NONE, FunctionName=name)
    listed = place.ask(arn, client, "list_tags", absent=_NONE, Resource=arn)
    yield place.resource(
        arn,
        FUNCTION,
        name=name,
        tags=tags((listed or {}).get("Tags")),
        policy=_text(policy),
        role=function.get("Role") or None,
    )
    versions = place.all(arn, client, "list_versions_by_function", "Versions", FunctionName=name)
    aliases = place.all(arn, client, "list_aliases", "Aliases", FunctionName=name)
    qualifiers = [version["Version"] for version in versions if version.get("Version") != "$LATEST"]
    for qualifier in (*qualifiers, *(alias["Name"] for alias in aliases)):
        about = f"{arn}:{qualifier}"
        found = place.ask(about, client, "get_policy", absent=_NONE, FunctionName=name, Qualifier=qualifier)
        if found is not None or place.error(about):
            yield place.resource(about, FUNCTION, name=f"{name}:{qualifier}", policy=_text(found))


def _text(answer: Any) -> str | None:
    return (answer or {}).get("Policy")


SERVICE = Service(
    name="lambda",
    read=read,
    types=(FUNCTION, LAYER),
    calls={
        "ListFunctions": "lambda:ListFunctions",
        "GetPolicy": "lambda:GetPolicy",
        "ListTags": "lambda:ListTags",
        "ListVersionsByFunction": "lambda:ListVersionsByFunction",
        "ListAliases": "lambda:ListAliases",
        "ListLayers": "lambda:ListLayers",
        "ListLayerVersions": "lambda:ListLayerVersions",
        "GetLayerVersionPolicy": "lambda:GetLayerVersionPolicy",
    },
)
