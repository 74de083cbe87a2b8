"""A recommendation as files: JSON, a shell script for the AWS CLI, CloudFormation, Terraform, and a plan in words.

Names and documents come from accounts, and may be hostile. Names and ARNs are written only if they have the characters
that IAM allows; documents are quoted as each format needs it, and refused where a format would read something into
them. Each function takes a recommendation that is proven, and raises `NotWritable` for another.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from typing import Any

from analyzers.policy import pretty
from analyzers.policy.arn import account_of, split

from .staging import deny_stage
from .values import Held, Kind, Recommendation, Step, StepAction

_NAME = re.compile(r"[\w+=,.@-]{1,128}\Z", re.ASCII)
_ARN = re.compile(r"arn:[a-z-]+:iam::(\d{12}|aws):[\w+=,.@/-]+\Z", re.ASCII)


class NotWritable(ValueError):
    """Why the recommendation cannot be written in a format."""


def as_json(recommendation: Recommendation) -> str:
    """`recommendation`: as GetFindingRecommendation has it; `policies`: the new documents; `proofs`; `notes`."""
    policies = [
        {"name": step.name, "kind": step.kind, "replaces": step.policy.id, "document": json.loads(step.text)}
        for step in _checked(recommendation)
        if step.action is StepAction.CREATE_POLICY
    ]
    proofs = [{"claim": one.claim, "verdict": one.verdict, "words": one.words} for one in recommendation.proofs]
    told = {"recommendation": recommendation.as_json(), "policies": policies, "proofs": proofs}
    return pretty({**told, "notes": list(recommendation.notes)}) + "\n"


# -- AWS CLI -------------------------------------------------------------------------------------------------------


def as_cli(recommendation: Recommendation) -> str:
    """A POSIX shell script: `sh FILE` applies, `sh FILE rollback` takes it back. What is new comes first, so that the
    principal lacks nothing at any time."""
    writer = _Cli(recommendation)
    steps = _checked(recommendation)
    apply = [command for step in steps for command in writer.applied(step)]
    groups = sorted({step.policy.via for step in steps if step.policy.via})
    apply = [one for one in apply if one.first] + [one for one in apply if not one.first]
    lines = [str(one) for one in apply] + [writer.group("remove-user-from-group", group) for group in groups]
    back = [writer.group("add-user-to-group", group) for group in groups]
    undone = [command for step in steps for command in writer.undone(step)]
    back += [str(one) for one in undone if one.first] + [str(one) for one in undone if not one.first]
    return "\n".join(
        [
            "#!/bin/sh",
            "# Applies the recommendation; with the argument rollback, takes it back.",
            "set -eu",
            'case "${1:-apply}" in',
            "apply)",
            *(f"  {line}" for line in lines),
            "  ;;",
            "rollback)",
            *(f"  {line}" for line in back),
            "  ;;",
            "*)",
            '  echo "usage: $0 [apply|rollback]" >&2',
            "  exit 2",
            "  ;;",
            "esac",
            "",
        ]
    )


class _Command:
    """`first`: it gives something, and comes before what takes away."""

    def __init__(self, verb: str, first: bool, **options: str) -> None:
        self.verb, self.first, self.options = verb, first, options

    def __str__(self) -> str:
        options = (f"--{name.replace('_', '-')}={value}" for name, value in self.options.items())
        return " ".join(["aws", "iam", self.verb, *map(shlex.quote, options)])


class _Cli:
    def __init__(self, recommendation: Recommendation) -> None:
        self.principal = recommendation.principal
        self.owner, self.name = owner(self.principal)
        self.who = {f"{self.owner}_name": self.name}

    def applied(self, step: Step) -> Iterable[_Command]:
        if step.action is StepAction.DETACH_POLICY:
            yield from self.taken(step.policy, overwritten=step.overwritten)
        elif step.kind is Kind.INLINE:
            yield _Command(
                f"put-{self.owner}-policy",
                True,
                **self.who,
                policy_name=_name(step.name),
                policy_document=_compact(step.text),
            )
        else:
            arn = new_arn(self.principal, step)
            if not step.attaches_existing:
                yield _Command("create-policy", True, policy_name=_name(step.name), policy_document=_compact(step.text))
            yield _Command(f"attach-{self.owner}-policy", True, **self.who, policy_arn=arn)

    def taken(self, held: Held, *, overwritten: bool) -> Iterable[_Command]:
        if held.via or overwritten:
            return
        if held.kind is Kind.INLINE:
            yield _Command(f"delete-{self.owner}-policy", False, **self.who, policy_name=_name(held.name))
        else:
            yield _Command(f"detach-{self.owner}-policy", False, **self.who, policy_arn=_arn(held.arn))

    def undone(self, step: Step) -> Iterable[_Command]:
        held = step.policy
        if step.action is StepAction.DETACH_POLICY:
            if held.via:
                return
            if held.kind is Kind.INLINE:
                document = _compact(held.text)
                yield _Command(
                    f"put-{self.owner}-policy", True, **self.who, policy_name=_name(held.name), policy_document=document
                )
            else:
                yield _Command(f"attach-{self.owner}-policy", True, **self.who, policy_arn=_arn(held.arn))
        elif step.kind is not Kind.INLINE:
            arn = new_arn(self.principal, step)
            yield _Command(f"detach-{self.owner}-policy", False, **self.who, policy_arn=arn)
            if not step.attaches_existing:
                yield _Command("delete-policy", False, policy_arn=arn)

    def group(self, verb: str, arn: str) -> str:
        return str(_Command(verb, True, user_name=self.name, group_name=_name(_last(arn))))


# -- CloudFormation and Terraform ----------------------------------------------------------------------------------


def as_cloudformation(recommendation: Recommendation) -> str:
    """A template in JSON with the new policies. What goes is not of the stack, and is listed in its description.

    A document that CloudFormation would read something into (`Ref`, `Fn::`, `{{resolve:`) raises NotWritable.
    """
    kind, name = owner(recommendation.principal)
    resources: dict[str, Any] = {}
    for number, step in enumerate(_creating(recommendation), 1):
        document = json.loads(step.text)
        if "{{resolve:" in step.text or _holds_functions(document):
            raise NotWritable(f"{step.policy.name} holds text that CloudFormation would replace; use another format.")
        if step.kind is Kind.INLINE:
            properties: dict[str, Any] = {"PolicyName": _name(step.name), f"{kind.capitalize()}Name": name}
            made = f"AWS::IAM::{kind.capitalize()}Policy"
        else:
            properties = {"ManagedPolicyName": _name(step.name), f"{kind.capitalize()}s": [name]}
            made = "AWS::IAM::ManagedPolicy"
        resources[f"Policy{number}"] = {
            "Type": made,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {**properties, "PolicyDocument": document},
        }
    return (
        pretty(
            {
                "AWSTemplateFormatVersion": "2010-09-09",
                "Description": f"Used permissions of {kind} {name}. {_afterwards(recommendation)}"[:1024],
                "Resources": _some(resources),
            }
        )
        + "\n"
    )


def as_terraform(recommendation: Recommendation) -> str:
    """A file in Terraform's JSON syntax (`NAME.tf.json`), in which only `${` and `%{` of a text are special."""
    kind, name = owner(recommendation.principal)
    made: dict[str, dict[str, Any]] = {}
    for number, step in enumerate(_creating(recommendation), 1):
        label = f"used_{number}"
        policy = _literal(_compact(step.text))
        if step.kind is Kind.INLINE:
            inline = {"name": _literal(_name(step.name)), kind: _literal(name), "policy": policy}
            made.setdefault(f"aws_iam_{kind}_policy", {})[label] = inline
        else:
            made.setdefault("aws_iam_policy", {})[label] = {"name": _literal(_name(step.name)), "policy": policy}
            attached = {kind: _literal(name), "policy_arn": f"${{aws_iam_policy.{label}.arn}}"}
            made.setdefault(f"aws_iam_{kind}_policy_attachment", {})[label] = attached
    return pretty({"//": _afterwards(recommendation), "resource": _some(made)}) + "\n"


def _some(made: dict[str, Any]) -> dict[str, Any]:
    if not made:
        raise NotWritable("Nothing is to be created: all of it goes. Use the commands.")
    return made


def _creating(recommendation: Recommendation) -> list[Step]:
    return [
        step
        for step in _checked(recommendation)
        if step.action is not StepAction.DETACH_POLICY and not step.attaches_existing
    ]


def _afterwards(recommendation: Recommendation) -> str:
    gone = [
        f"{'delete' if step.policy.kind is Kind.INLINE else 'detach'} {_printable(step.policy.id)}"
        for step in recommendation.steps
        if step.action is StepAction.DETACH_POLICY and not step.policy.via and not step.overwritten
    ]
    gone += [f"attach {_printable(step.policy.arn)}" for step in recommendation.steps if step.attaches_existing]
    groups = sorted({step.policy.via for step in recommendation.steps if step.policy.via})
    gone += [f"leave {_printable(group)}" for group in groups]
    return f"Afterwards, by hand: {'; '.join(gone)}." if gone else "Inline policies of the same name are overwritten."


def _holds_functions(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key == "Ref" or key.startswith("Fn::") or _holds_functions(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_holds_functions, value))


def _literal(text: str) -> str:
    """Text in which Terraform finds no template."""
    return text.replace("${", "$${").replace("%{", "%%{")


# -- roll-out ------------------------------------------------------------------------------------------------------


def as_roll_out(recommendation: Recommendation, *, days: int = 0) -> str:
    """A plan in three stages, as text: deny, watch for `days` (0: as long as the time that was judged), remove."""
    days = days or max(1, (recommendation.now - recommendation.since).days)
    kind, name = owner(recommendation.principal)
    steps = _checked(recommendation)
    stage = deny_stage(recommendation)
    lines = [f"Roll-out for the {kind} {name}", ""]
    if stage.document is None:
        lines += ["1. Deny: left out.", f"   {stage.reason}"]
    else:
        lines += [
            "1. Deny",
            f"   Attach this policy to the {kind}. Detaching it undoes everything at once.",
            f"   {stage.proof.words if stage.proof else ''}",
            "   It also stops access that a resource's own policy gives. Narrowed resources are not part of it.",
            "",
            *(f"   {line}" for line in pretty(stage.document).splitlines()),
        ]
    lines += [
        "",
        f"2. Watch for {days} days",
        "   Look at the usage of the principal for denied attempts, or ask CloudTrail for events of it with errorCode",
        "   AccessDenied or Client.UnauthorizedOperation. What runs less often than that needs longer.",
        "   A denied attempt that matters: detach the Deny policy, and ask for a new recommendation.",
        "",
        "3. Remove",
    ]
    for step in steps:
        if step.overwritten:  # in place: whoever followed a DETACH_POLICY of that name would remove the new text
            lines.append(f"     {step.words}")
        else:
            lines.append(f"   - {step.action}: {_printable(step.policy.name)}. {step.words}")
    return "\n".join([*lines, "   Then detach and delete the Deny policy.", ""])


# -- names ---------------------------------------------------------------------------------------------------------


def owner(principal: str) -> tuple[str, str]:
    """(`role` or `user`, its name). Raises NotWritable."""
    fields = split(principal)
    kind, _, path = fields[5].partition("/") if fields else ("", "", "")
    if kind not in {"role", "user"}:
        raise NotWritable("Only roles and users have policies of their own.")
    return kind, _name(path.rpartition("/")[2])


def new_arn(principal: str, step: Step) -> str:
    """Of the policy that a step creates, or of the existing one that it attaches."""
    if step.attaches_existing:
        return _arn(step.policy.arn)
    fields = split(principal)
    partition = fields[1] if fields else "aws"
    return _arn(f"arn:{partition}:iam::{account_of(principal)}:policy/{_name(step.name)}")


def _checked(recommendation: Recommendation) -> tuple[Step, ...]:
    if not recommendation.proved:
        raise NotWritable(recommendation.refused or "There is nothing to do.")
    return recommendation.steps


def _name(name: str) -> str:
    if not _NAME.match(name):
        raise NotWritable(f"IAM allows no such name: {_printable(name)!r}.")
    return name


def _arn(arn: str) -> str:
    if not _ARN.match(arn):
        raise NotWritable(f"This is no ARN of IAM: {_printable(arn)!r}.")
    return arn


def _printable(text: str) -> str:
    """One line, at most 200 characters, nothing that a terminal obeys."""
    return "".join(char if char.isprintable() else "?" for char in text[:200])


def _compact(text: str) -> str:
    return json.dumps(json.loads(text.removeprefix("\ufeff")), separators=(",", ":"), ensure_ascii=True)


def _last(arn: str) -> str:
    return re.split(r"[:/]", arn)[-1]
