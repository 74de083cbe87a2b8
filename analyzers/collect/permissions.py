"""What the collecting role may do, as JSON, CloudFormation and Terraform: the calls of the services, no more.

https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html (external id)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import aggregator
from .access import DEFAULT_ROLE
from .services import ORGANIZATION, SERVICES

Document = dict[str, Any]

PLACEHOLDER_ACCOUNT = "111122223333"
PLACEHOLDER_EXTERNAL_ID = "choose-a-secret-of-your-own"


def member_policy() -> Document:
    """Of the role in each account."""
    statements = []
    for service in sorted(SERVICES.values(), key=lambda service: service.name):
        if service is not ORGANIZATION:
            statements.append(_statement(service.name, service.calls))
    return {"Version": "2012-10-17", "Statement": statements}


def caller_policy(role_name: str = DEFAULT_ROLE) -> Document:
    """Of who collects, in the management account or that of a delegated administrator: to read the organization, to
    ask an aggregator of AWS Config (if one is used), and to take on the role in the accounts."""
    assume = {
        "Sid": "AssumeCollector",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": f"arn:*:iam::*:role/{role_name}",
    }
    own = [_statement(ORGANIZATION.name, ORGANIZATION.calls), _statement("config-aggregator", aggregator.CALLS)]
    return {"Version": "2012-10-17", "Statement": [*own, assume]}


def trust_policy(account: str = PLACEHOLDER_ACCOUNT, external_id: str = PLACEHOLDER_EXTERNAL_ID) -> Document:
    """Who may take on the role: the account that collects, with the external id."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Collect",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def _statement(name: str, calls: Mapping[str, str]) -> Document:
    sid = "Read" + "".join(part.capitalize() for part in name.split("-"))
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(set(calls.values())), "Resource": "*"}


def cloudformation() -> Document:
    """A template for a StackSet over the organization: the role in each account."""
    trust: Document = trust_policy()
    statement = trust["Statement"][0]
    statement["Principal"] = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${CollectingAccount}:root"}}
    statement["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role by which Analyzer Portal reads this account. It reads policies and lists; no data.",
        "Parameters": {
            "CollectingAccount": {
                "Type": "String",
                "AllowedPattern": "[0-9]{12}",
                "Description": "The account whose credentials the portal uses",
            },
            "ExternalId": {"Type": "String", "MinLength": 2, "NoEcho": True},
            "RoleName": {"Type": "String", "Default": DEFAULT_ROLE},
        },
        "Resources": {
            "Collector": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Ref": "RoleName"},
                    "Description": "Reads policies for Analyzer Portal",
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": trust,
                    "Policies": [{"PolicyName": "read", "PolicyDocument": member_policy()}],
                },
            }
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Collector", "Arn"]}}},
    }


def terraform() -> str:
    """The same role for Terraform."""
    actions = [(s["Sid"], s["Action"]) for s in member_policy()["Statement"]]
    return f"""# The role by which Analyzer Portal reads this account. It reads policies and lists; no data.
variable "collecting_account" {{
  type        = string
  description = "The account whose credentials the portal uses"
}}

variable "external_id" {{
  type      = string
  sensitive = true
}}

variable "role_name" {{
  type    = string
  default = "{DEFAULT_ROLE}"
}}

data "aws_partition" "current" {{}}

data "aws_iam_policy_document" "trust" {{
  statement {{
    actions = ["sts:AssumeRole"]
    principals {{
      type        = "AWS"
      identifiers = ["arn:${{data.aws_partition.current.partition}}:iam::${{var.collecting_account}}:root"]
    }}
    condition {{
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }}
  }}
}}

data "aws_iam_policy_document" "read" {{
{_hcl_statements(actions)}}}

resource "aws_iam_role" "collector" {{
  name               = var.role_name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}}

resource "aws_iam_role_policy" "read" {{
  name   = "read"
  role   = aws_iam_role.collector.id
  policy = data.aws_iam_policy_document.read.json
}}
"""


def _hcl_statements(statements: Sequence[tuple[str, Sequence[str]]]) -> str:
    written = ""
    for sid, actions in statements:
        listed = "".join(f"      {json.dumps(action)},\n" for action in actions)
        written += (
            f'  statement {{\n    sid       = "{sid}"\n    resources = ["*"]\n    actions = [\n{listed}    ]\n  }}\n'
        )
    return written


def files() -> dict[str, str]:
    """Everything that can be downloaded: name -> text."""

    def pretty(value: Document) -> str:
        return json.dumps(value, indent=2) + "\n"

    return {
        "collector-policy.json": pretty(member_policy()),
        "collector-trust-policy.json": pretty(trust_policy()),
        "collecting-account-policy.json": pretty(caller_policy()),
        "collector-stackset.json": pretty(cloudformation()),
        "collector.tf": terraform(),
    }
