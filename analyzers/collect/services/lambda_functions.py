"""Functions with the policies of the function, its versions and aliases, and layer versions.

https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from analyzers.collect.place import Listing, Part, Place, Service, tags

FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
_NONE = ("ResourceNotFoundException",)


def read(place: Place) -> Iterator[Part]:
    yield from _FUNCTIONS.read(place)
    yield from _LAYERS.read(place)


def read_one(place: Place, arn: str) -> Iterator[Part]:
    yield from (_LAYERS if ":layer:" in arn else _FUNCTIONS).read_one(place, arn)


def _layers(place: Place, wanted: str) -> Iterator[tuple[Any, Any]]:
    """Layers with their versions."""
    client = place.client("lambda")
    for layer in place.pages(client, "list_layers", "Layers"):
        if not wanted or wanted.startswith(f"{layer['LayerArn']}:"):
            for version in place.pages(client, "list_layer_versions", "LayerVersions", LayerName=layer["LayerArn"]):
                yield layer, version


def _layer(place: Place, item: tuple[Any, Any]) -> Iterator[Part]:
    layer, version = item
    arn, number = version["LayerVersionArn"], version["Version"]
    asked = {"LayerName": layer["LayerArn"], "VersionNumber": number}
    policy = place.ask(arn, place.client("lambda"), "get_layer_version_policy", absent=_NONE, **asked)
    yield place.resource(
        arn,
        LAYER,
        name=f"{layer['LayerName']}:{number}",
        created_at=str(version.get("CreatedDate", ""))[:40] or None,
        policy=(policy or {}).get("Policy"),
    )


def _functions(place: Place, wanted: str) -> Iterator[Any]:
    return place.pages(place.client("lambda"), "list_functions", "Functions")


def _function(place: Place, function: Any) -> Iterator[Part]:
    client = place.client("lambda")
    arn, name = function["FunctionArn"], function["FunctionName"]
    policy = place.ask(arn, client, "get_policy", absent=_NONE, FunctionName=name)
    listed = place.ask(arn, client, "list_tags", absent=_NONE, Resource=arn)
    mine = ((FUNCTION,), arn, client)
    versions = place.listed(*mine, "list_versions_by_function", "Versions", FunctionName=name)
    aliases = place.listed(*mine, "list_aliases", "Aliases", FunctionName=name)
    yield place.resource(
        arn,
        FUNCTION,
        name=name,
        tags=tags((listed or {}).get("Tags")),
        policy=_text(policy),
        role=function.get("Role") or None,
    )
    qualifiers = [version["Version"] for version in versions if version.get("Version") != "$LATEST"]
    for qualifier in (*qualifiers, *(alias["Name"] for alias in aliases)):
        about = f"{arn}:{qualifier}"
        found = place.ask(about, client, "get_policy", absent=_NONE, FunctionName=name, Qualifier=qualifier)
        if found is not None or place.error(about):
            yield place.resource(about, FUNCTION, name=f"{name}:{qualifier}", policy=_text(found))


def _text(answer: Any) -> str | None:
    text = (answer or {}).get("Policy")
    return _with_kinds(text) if text else None


def _with_kinds(text: str) -> str:
    """AddPermission takes a principal without its kind, and some endpoints give it back so."""
    try:
        policy = json.loads(text)
        bare = [one for one in policy["Statement"] if one["Principal"] != "*" and isinstance(one["Principal"], str)]
    except (ValueError, RecursionError, TypeError, KeyError):
        return text
    for statement in bare:
        named = statement["Principal"]
        statement["Principal"] = {"Service" if named.endswith(".amazonaws.com") else "AWS": named}
    return json.dumps(policy) if bare else text


_FUNCTIONS = Listing(_functions, lambda _, function: str(function["FunctionArn"]), _function)
_LAYERS = Listing(_layers, lambda _, item: str(item[1]["LayerVersionArn"]), _layer)
SERVICE = Service(
    name="lambda",
    read=read,
    read_one=read_one,
    beneath=(":",),
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
