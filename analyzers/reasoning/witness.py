"""A request out of a model, by the examples of its classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from analyzers.policy.model import Policy

from . import keys
from .callers import CANONICAL, PRINCIPAL, PROVIDER, SERVICE, SESSION
from .formula import Var
from .request import CallerKind, ContextValue, Request
from .scene import ACTION
from .seeds import EXAMPLE, FIXED
from .space import Vocabulary


class Model(Protocol):
    """One way to meet a formula: a value for each variable that it is about."""

    kind: CallerKind

    def present(self, key: str) -> bool:
        """Whether the request has the condition key (lower case)."""

    def value(self, var: Var) -> str | None:
        """None if it does not matter."""

    def values(self, var: Var) -> tuple[str, ...]:
        """All values of a multivalued key."""


class Examples:
    """Reads requests out of the models of one question."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        policies: Iterable[Policy],
        *,
        rest: Var,
        service: str = "",
        constants: Mapping[str, str] | None = None,
        principal: str = "",
        known: Iterable[str] = (),
        context: Mapping[str, ContextValue] | None = None,
    ) -> None:
        """`rest`: the variable of the resource; `service`: whose actions are the usual ones. `constants` follow from
        the resource. Where the question tells them: `principal`, the `context` that it gives, and the keys that are
        `known` with it."""
        self._vocabulary = vocabulary
        self._rest = rest
        self._service = service
        self._constants = constants or {}
        self._principal = principal
        self._known = frozenset(known)
        self._context = context or {}
        self._names = _spellings(policies)

    def request(self, model: Model) -> Request:
        """The request that a model stands for, by the examples of its classes."""
        vocabulary, kind = self._vocabulary, model.kind
        context: dict[str, ContextValue] = {}
        for var in vocabulary.tests:
            key = var.name.removesuffix("[]")
            if ":" not in key or key in self._constants or key in keys.CALLER_ACCOUNT:
                continue
            if key in self._known or not model.present(key):
                continue
            if var in vocabulary.many:
                context[self.name(key)] = model.values(var)
            elif (value := model.value(var)) is not None:
                context[self.name(key)] = value
        derived = keys.SIGNED_ONLY - {"aws:principalorgid", "aws:principalorgpaths"}
        for key in sorted(vocabulary.keys - derived - self._known):
            if self.name(key) not in context and model.present(key):
                context[self.name(key)] = EXAMPLE
        if self._principal and kind is not CallerKind.AWS:
            principal = self._principal
        elif kind is CallerKind.ANONYMOUS:
            principal = "anonymous"
        elif kind is CallerKind.SERVICE:
            principal = model.value(SERVICE) or "example.amazonaws.com"
        elif kind is CallerKind.FEDERATED:
            principal = f"federated:{model.value(PROVIDER) or 'example.com'}"
        elif kind is CallerKind.CANONICAL_USER:
            principal = f"canonical:{model.value(CANONICAL) or 'example'}"
            context |= self._identity(model)
        else:
            principal = self._caller(model)
            arn = self._principal or model.value(PRINCIPAL) or principal
            if principal != arn and "/" in arn.split("/", 1)[1]:
                context["aws:PrincipalArn"] = arn  # a session does not show its role's path
        action = model.value(ACTION) or (f"{self._service}:*" if self._service else FIXED["action"][0])
        default = "" if self._service else "arn:aws:s3:::example"
        return Request(
            principal=principal,
            action=self._names.get(action, _ACTION_NAMES.get(action, action)),
            resource=model.value(self._rest) or default,
            resource_account=self._constants.get("aws:resourceaccount", ""),
            context={**context, **self._context},
        )

    def name(self, key: str) -> str:
        """A condition key as the documents spell it."""
        return self._names.get(key, key)

    def _identity(self, model: Model) -> dict[str, ContextValue]:
        """What AWS knows of a canonical user besides, where a document asks: his principal, of which the name says
        nothing."""
        arn = model.value(PRINCIPAL) or ""
        known = {"aws:principalarn": arn, "aws:principalisawsservice": "false"}
        known |= dict.fromkeys(keys.CALLER_ACCOUNT, arn.split(":")[4] if arn else "")
        return {self._names[key]: value for key, value in known.items() if key in self._names}

    def _caller(self, model: Model) -> str:
        arn = self._principal or model.value(PRINCIPAL) or "arn:aws:iam::999999999999:role/stranger"
        if SESSION not in self._vocabulary.tests:
            return arn
        partition, account, name = arn.split(":")[1], arn.split(":", 5)[4], arn.split(":", 5)[5]
        if not name.startswith("role/"):
            return arn
        session = model.value(SESSION) or "example"
        return f"arn:{partition}:sts::{account}:assumed-role/{name.rsplit('/', 1)[-1]}/{session}"


def _spellings(policies: Iterable[Policy]) -> dict[str, str]:
    """Condition keys and actions as the documents write them, by their lower case."""
    names: dict[str, str] = {}
    for policy in policies:
        for statement in policy.statements:
            for condition in statement.conditions:
                names.setdefault(condition.key.lower(), condition.key)
            for pattern in statement.actions.values if statement.actions else ():
                if not set("*?") & set(pattern):
                    names.setdefault(pattern.lower(), pattern)
    return names


_ACTION_NAMES = {
    name.lower(): name
    for name in [
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:PutBucketPolicy",
        "s3:GetBucketAcl",
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:DescribeKey",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "sns:Publish",
        "sns:Subscribe",
        "lambda:InvokeFunction",
        "lambda:GetLayerVersion",
        "secretsmanager:GetSecretValue",
        "ecr:BatchGetImage",
        "elasticfilesystem:ClientMount",
        "dynamodb:GetItem",
        "dynamodb:GetRecords",
        "ec2:CreateVolume",
        "rds:RestoreDBInstanceFromDBSnapshot",
        "s3express:CreateSession",
    ]
}
"""How AWS spells the actions that examples use; a policy compares without case."""
