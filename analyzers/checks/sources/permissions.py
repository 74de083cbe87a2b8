"""Resources of CloudFormation that are a statement of a policy rather than a policy.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Statement = dict[str, Any]
_CONDITIONS = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "OrganizationId": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}


def _lambda(values: Mapping[str, Any], resource: str) -> Statement:
    conditions: dict[str, dict[str, Any]] = {}
    for name, (operator, key) in _CONDITIONS.items():
        if name in values:
            value = values[name]
            conditions.setdefault(operator, {})[key] = str(value).lower() if isinstance(value, bool) else value
    statement = {
        "Effect": "Allow",
        "Principal": _principal(values.get("Principal", "*")),
        "Action": values.get("Action", "lambda:InvokeFunction"),
        "Resource": resource,
    }
    return statement | ({"Condition": conditions} if conditions else {})


def _principal(value: Any) -> Any:
    if value == "*" or not isinstance(value, str):
        return value
    is_service = value.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazon.com")) and ":" not in value
    return {"Service" if is_service else "AWS": value}


def _function(values: Mapping[str, Any]) -> Statement:
    name = str(values.get("FunctionName", "*"))
    arn = name if name.startswith("arn:") else f"arn:aws:lambda:*:*:function:{name}"
    return _lambda(values, arn)


def _layer(values: Mapping[str, Any]) -> Statement:
    return _lambda(values, str(values.get("LayerVersionArn", "*")))


def _event_bus(values: Mapping[str, Any]) -> Statement:
    if isinstance(values.get("Statement"), Mapping):
        return dict(values["Statement"])
    return {
        "Effect": "Allow",
        "Principal": _principal(values.get("Principal", "*")),
        "Action": values.get("Action", "events:PutEvents"),
        "Resource": f"arn:aws:events:*:*:event-bus/{values.get('EventBusName', 'default')}",
    }


PERMISSIONS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Statement]]] = {
    "AWS::Lambda::Permission": ("AWS::Lambda::Function", _function),
    "AWS::Lambda::LayerVersionPermission": ("", _layer),
    "AWS::Events::EventBusPolicy": ("", _event_bus),
}
"""By type: the resource type as policy checks know it, and the statement out of the resolved properties."""
