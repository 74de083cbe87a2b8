"""A request: who asks for which action on which resource, and what AWS knows about the call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/intro-structure.html#intro-structure-request
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ContextValue = str | tuple[str, ...]
"""A single value, or the values of a multivalued key. An absent key is not in the mapping."""


class CallerKind(StrEnum):
    ANONYMOUS = "anonymous"
    AWS = "aws"
    SERVICE = "service"
    FEDERATED = "federated"
    CANONICAL_USER = "canonical"


@dataclass(frozen=True, slots=True)
class Request:
    """One concrete request.

    `principal` is `"anonymous"`; the ARN of a user, role, role session, federated user or account root;
    a service (`"logs.amazonaws.com"`); an identity provider for calls that it vouches for (`AssumeRoleWithSAML`,
    `AssumeRoleWithWebIdentity`: provider ARN or host name, written `"federated:<provider>"`); or an S3 canonical
    user, written `"canonical:<id>"`.
    `context` holds condition keys as written by the caller of this library; keys compare without case. Keys that
    follow from the principal (`aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`, ...) are derived
    by the evaluator where they are missing.
    """

    principal: str
    action: str
    resource: str
    resource_account: str = ""
    context: Mapping[str, ContextValue] = field(default_factory=dict)

    @property
    def caller_kind(self) -> CallerKind:
        if self.principal == "anonymous":
            return CallerKind.ANONYMOUS
        if self.principal.startswith("canonical:"):
            return CallerKind.CANONICAL_USER
        if self.principal.startswith("federated:"):
            return CallerKind.FEDERATED
        if self.principal.startswith("arn:"):
            return CallerKind.AWS
        return CallerKind.SERVICE

    def as_json(self) -> dict[str, Any]:
        """The wire shape: `{principal, action, resource, resourceAccount, context}`."""
        return {
            "principal": self.principal,
            "action": self.action,
            "resource": self.resource,
            "resourceAccount": self.resource_account,
            "context": {k: list(v) if isinstance(v, tuple) else v for k, v in self.context.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Request:
        """Raises KeyError or TypeError where `principal`, `action` or `resource` is missing or not text."""
        context = {
            str(key): tuple(str(v) for v in value) if isinstance(value, (list, tuple)) else str(value)
            for key, value in (data.get("context") or {}).items()
        }
        for name in ("principal", "action", "resource"):
            if not isinstance(data[name], str):
                raise TypeError(f"{name} must be text")
        return cls(
            principal=data["principal"],
            action=data["action"],
            resource=data["resource"],
            resource_account=str(data.get("resourceAccount") or ""),
            context=context,
        )
