"""The texts of managed policies that templates attach by ARN."""

from __future__ import annotations

import json
from pathlib import Path

_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
_KNOWN = {
    "AdministratorAccess": [_EVERYTHING],
    "service-role/AWSLambdaBasicExecutionRole": [{"Effect": "Allow", "Action": _LOGS, "Resource": "*"}],
}
"""What AWS documents of the two that nearly every template attaches. Of all others --managed tells.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
"""
_PREFIX = ":iam::aws:policy/"


def text_of_managed(arn: str, folder: str) -> str | None:
    """From a file of the policy's name in the folder (`ReadOnlyAccess.json`), or known; None if neither."""
    name = arn.rpartition("/")[2]
    if folder and name and not name.startswith("."):
        path = Path(folder, f"{name}.json")
        if path.is_file():
            return path.read_text(encoding="utf-8-sig")
    statements = _KNOWN.get(arn.partition(_PREFIX)[2]) if _PREFIX in arn else None
    return None if statements is None else json.dumps({"Version": "2012-10-17", "Statement": statements})
