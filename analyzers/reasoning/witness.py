"""A request out of a model: by the examples of its classes, and as likely and as short as a way in allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import z3

from analyzers.policy.model import Policy
from analyzers.policy.pattern import tokens

from . import keys, terms
from .callers import CANONICAL, PRINCIPAL, PROVIDER, SERVICE, SESSION
from .formula import Holds, Open, Present, Var
from .globs import glob
from .request import CallerKind, ContextValue, Request
from .scene import ACTION
from .seeds import EXAMPLE, FIXED
from .space import Space


class Examples:
    """Reads requests out of the models of one question."""

    def __init__(
        self,
        space: Space,
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
        self._space = space
        self._rest = rest
        self._service = service
        self._constants = constants or {}
        self._principal = principal
        self._known = frozenset(known)
        self._context = context or {}
        self._names = _spellings(policies)

    def granted(self, solver: z3.Solver, wanted: Sequence[z3.BoolRef]) -> z3.ModelRef:
        """A model with what is wanted and with as many wishes as leave room for it. The solver must have one."""
        space, granted = self._space, list(wanted)
        model = solver.model()
        for alternatives in self.wishes():
            if len(alternatives) > 1 and not space.check(solver, *granted, terms.some(alternatives)):
                continue
            for wish in alternatives:
                if z3.is_true(model.eval(wish, model_completion=True)):
                    granted.append(wish)
                    break
                if space.check(solver, *granted, wish):
                    granted.append(wish)
                    model = solver.model()
                    break
        return model

    def wishes(self) -> Iterator[list[z3.BoolRef]]:
        """What makes an example likely and easy to read: of each list the first that can be had."""
        space, kinds = self._space, self._space.kinds
        space.seed()
        yield [kinds[CallerKind.ANONYMOUS if self._prefers_anonymous() else CallerKind.AWS]]
        yield [kinds[CallerKind.AWS], kinds[CallerKind.ANONYMOUS]]
        for key in sorted(space.vocabulary.keys - {"aws:principalarn"}):
            yield [terms.no(space.expression(Present(key)))]
        for name in sorted(space.vocabulary.opens):
            yield [terms.no(space.expression(Open(name)))]
        for test in _ODD_RESOURCES:
            if space.vocabulary.asks(self._rest, test):
                yield [terms.no(space.expression(Holds(self._rest, test)))]
        usual = [space.flag(ACTION, name) for name in FIXED["action"]]
        yield [flag for flag in usual if flag is not None]
        for action, flag in zip(FIXED["action"], usual, strict=True):
            bare = space.flag(self._rest, "")
            if flag is not None and bare is not None:
                yield [z3.Implies(flag, bare if "object" not in action else terms.no(bare))]

    def _prefers_anonymous(self) -> bool:
        return self._service in {"s3", "sqs", "sns"}

    def request(self, model: z3.ModelRef) -> Request:
        """The request that a model stands for, by the examples of its classes."""
        space = self._space
        space.seed()
        kind = space.kind(model)
        context: dict[str, ContextValue] = {}
        for var in space.vocabulary.tests:
            key = var.name.removesuffix("[]")
            if ":" not in key or key in self._constants or key in keys.CALLER_ACCOUNT:
                continue
            if key in self._known or not space.present(model, key):
                continue
            if var in space.vocabulary.many:
                context[self.name(key)] = space.values(model, var)
            elif (value := space.value(model, var)) is not None:
                context[self.name(key)] = value
        derived = keys.SIGNED_ONLY - {"aws:principalorgid", "aws:principalorgpaths"}
        for key in sorted(space.vocabulary.keys - derived - self._known):
            if self.name(key) not in context and space.present(model, key):
                context[self.name(key)] = EXAMPLE
        if self._principal and kind is not CallerKind.AWS:
            principal = self._principal
        elif kind is CallerKind.ANONYMOUS:
            principal = "anonymous"
        elif kind is CallerKind.SERVICE:
            principal = space.value(model, SERVICE) or "example.amazonaws.com"
        elif kind is CallerKind.FEDERATED:
            principal = f"federated:{space.value(model, PROVIDER) or 'example.com'}"
        elif kind is CallerKind.CANONICAL_USER:
            principal = f"canonical:{space.value(model, CANONICAL) or 'example'}"
            context |= self._identity(model)
        else:
            principal = self._caller(model)
            arn = self._principal or space.value(model, PRINCIPAL) or principal
            if principal != arn and "/" in arn.split("/", 1)[1]:
                context["aws:PrincipalArn"] = arn  # a session does not show its role's path
        action = space.value(model, ACTION) or (f"{self._service}:*" if self._service else FIXED["action"][0])
        default = "" if self._service else "arn:aws:s3:::example"
        return Request(
            principal=principal,
            action=self._names.get(action, _ACTION_NAMES.get(action, action)),
            resource=space.value(model, self._rest) or default,
            resource_account=self._constants.get("aws:resourceaccount", ""),
            context={**context, **self._context},
        )

    def name(self, key: str) -> str:
        """A condition key as the documents spell it."""
        return self._names.get(key, key)

    def _identity(self, model: z3.ModelRef) -> dict[str, ContextValue]:
        """What AWS knows of a canonical user besides, where a document asks: his principal, of which the name says
        nothing."""
        arn = self._space.value(model, PRINCIPAL) or ""
        known = {"aws:principalarn": arn, "aws:principalisawsservice": "false"}
        known |= dict.fromkeys(keys.CALLER_ACCOUNT, arn.split(":")[4] if arn else "")
        return {self._names[key]: value for key, value in known.items() if key in self._names}

    def _caller(self, model: z3.ModelRef) -> str:
        arn = self._principal or self._space.value(model, PRINCIPAL) or "arn:aws:iam::999999999999:role/stranger"
        if SESSION not in self._space.vocabulary.tests:
            return arn
        partition, account, name = arn.split(":")[1], arn.split(":", 5)[4], arn.split(":", 5)[5]
        if not name.startswith("role/"):
            return arn
        session = self._space.value(model, SESSION) or "example"
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


_ODD_RESOURCES = tuple(glob(tokens(text, wildcards=True, variables=False)) for text in ("*:key/*", "*:accesspoint/*"))
"""Keys and access points, to which rules of their own apply: no good examples of anything else."""

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
