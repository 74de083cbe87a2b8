"""SAM templates, as the maintained translator turns them into CloudFormation.

https://github.com/aws/serverless-application-model
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

from . import tree
from .errors import Unreadable


def translated(name: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template with its serverless resources replaced. What stood in it already keeps its places; what was made
    stands at the resource that it was made for. Raises Unreadable."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it tells of its own metrics
    before = content["Resources"]
    plain = json.loads(json.dumps(content))
    plain["Transform"] = "AWS::Serverless-2016-10-31"
    for resource in plain["Resources"].values():
        _without_local_files(resource)
    try:
        with _some_region():
            found = Translator({}, Parser()).translate(plain, {})
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes[:5])
        raise Unreadable(f"{name}: not a template that SAM can translate: {causes}") from error
    except Exception as error:  # the translator raises whatever its many parts do
        raise Unreadable(f"{name}: not a template that SAM can translate ({type(error).__name__}).") from error
    resources = {
        logical: before[logical] if _same(before.get(logical), resource) else _placed(logical, resource, before)
        for logical, resource in found["Resources"].items()
    }
    return {**content, **found, "Parameters": content.get("Parameters") or {}, "Resources": resources}


def _without_local_files(resource: Any) -> None:
    """Code that lies beside the template: where it is uploaded to says nothing of access."""
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    if not isinstance(properties, dict):
        return
    for key in ("CodeUri", "ContentUri", "DefinitionUri"):
        if isinstance(properties.get(key), str) and not properties[key].startswith("s3://"):
            properties[key] = "s3://bucket/key"
    if resource.get("Type") == "AWS::Serverless::Function" and not {"CodeUri", "InlineCode", "ImageUri"} & set(
        properties
    ):
        properties["InlineCode"] = "-"


@contextmanager
def _some_region() -> Any:
    """The translator asks boto3 for a region, which is never used."""
    had = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = had or "us-east-1"
    try:
        yield
    finally:
        if had is None:
            del os.environ["AWS_DEFAULT_REGION"]


def _same(before: Any, after: Any) -> bool:
    return isinstance(before, Mapping) and json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def _placed(logical: str, resource: Any, before: Mapping[str, Any]) -> Any:
    """Made for the resource whose logical id its own begins with, the longest one."""
    owners = [name for name in before if logical.startswith(name)]
    made = tree.Mapping()
    made.update(resource)
    if owners:
        at = tree.place(before[max(owners, key=len)])
        made.line, made.column = at or (1, 1)
    return made
