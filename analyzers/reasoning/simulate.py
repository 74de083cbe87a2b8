"""Requests and their policies as JSON lines, answered one by one. docs/simulate.md describes the shapes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from analyzers.policy import Policy
from analyzers.policy import arn as arns
from analyzers.policy.errors import PolicyError, quote
from analyzers.policy.source import Number, load

from .asking import public, solve
from .decision import decide
from .evaluate import Decision, Outcome
from .policy_set import PolicySet
from .request import CallerKind, Request
from .verdict import Answer

logger = logging.getLogger(__name__)

MAX_LINE = 16 * 1024 * 1024
"""Bytes of a line. A longer one is answered with an error and passed over."""

_FIELDS = ("principal", "action", "resource")


class Engine(StrEnum):
    BOTH = "both"
    CONCRETE = "concrete"
    SOLVER = "solver"


def answers(lines: Iterable[bytes], engine: Engine = Engine.BOTH) -> Iterator[dict[str, Any]]:
    """An answer for each line that is not blank: what `answer` gives, or `{"id", "error"}` for a malformed one."""
    for line in lines:
        if not line.strip():
            continue
        identifier: Any = None
        try:
            data = _read(line)
            identifier = _identifier(data)
            yield answer(data, engine)
        except (ValueError, RecursionError) as error:
            said = error.message if isinstance(error, PolicyError) else str(error)
            yield {"id": identifier, "error": said or "the line is nested too deeply"}


def answer(data: Mapping[str, Any], engine: Engine = Engine.BOTH) -> dict[str, Any]:
    """`{"id", "decision", "kind", "reason", "statements"}` and, unless only the evaluator is asked, `"solver"`: what
    the solver says. Where the two contradict each other, the decision is unknown.

    `data` has `id`, `policies` and `request`. Raises ValueError, which names the element, for anything else.
    """
    unknown = sorted(set(data) - {"id", "policies", "request", *_REMARKS})
    if unknown:
        raise ValueError(f"the line has no element {quote(unknown[0])}")
    policies = PolicySet.from_json(data.get("policies") or {})
    request = read_request(data.get("request"))
    solved = Outcome.UNKNOWN if engine is Engine.CONCRETE else solve(request, policies)
    if engine is Engine.SOLVER:
        decision = Decision(solved, None, _SOLVER_ALONE)
    else:
        decision = decide(request, policies, is_public=is_public)
    if engine is Engine.BOTH:
        decision = agreed(decision, solved)
    told: dict[str, Any] = {"id": _identifier(data), "decision": decision.outcome.value}
    if engine is not Engine.CONCRETE:
        told["solver"] = solved.value
    return told | {
        "kind": decision.kind,
        "reason": decision.reason,
        "statements": [
            {"document": ref.document, "statement": ref.statement, "sid": ref.sid, "effect": ref.effect.value}
            for ref in decision.statements
        ],
        "assumptions": list(decision.assumptions),
    }


_SOLVER_ALONE = "The solver's answer for all policies together; ask the evaluator too for the statements."


def is_public(policy: Policy) -> bool | None:
    """Whether a bucket policy is public as a whole, by proof; None where there is none."""
    answer = public(policy, "AWS::S3::Bucket").answer
    return None if answer is Answer.UNKNOWN else answer is Answer.REFUTED


def agreed(decision: Decision, solved: Outcome) -> Decision:
    """Two engines that contradict each other have proved nothing."""
    if Outcome.UNKNOWN in (decision.outcome, solved) or decision.outcome is solved:
        return decision
    logger.error("The engines disagree: evaluator %s, solver %s", decision.outcome, solved)
    reason = f"The two engines do not agree: the evaluator says {decision.outcome}, the solver {solved}."
    return replace(decision, outcome=Outcome.UNKNOWN, kind=None, reason=reason)


_REMARKS = ("area", "expected", "why", "source", "uncertain")
"""Elements of conformance cases that say nothing to the decision."""


def lines_of(file: Any) -> Iterator[bytes]:
    """The lines of a binary file; of one that is too long, a piece that is no JSON, so that it is answered."""
    while line := file.readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)
        yield b"{" + b" " * MAX_LINE


def _read(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE:
        raise ValueError(f"a line has at most {MAX_LINE:,} bytes")
    try:
        text = line.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ValueError(f"the line is not UTF-8 (byte {error.start})") from None
    data = load(text)
    if not isinstance(data, dict):
        raise ValueError("a line is a JSON object")
    return data


def _identifier(data: Mapping[str, Any]) -> Any:
    """The line's id as it is written there; None if it has none."""
    given = data.get("id")
    if isinstance(given, Number):
        return json.loads(given) if len(given) < 100 else str(given)
    return given if isinstance(given, str) else None


def read_request(data: Any) -> Request:
    """A request out of JSON. Raises ValueError, which names the element."""
    if not isinstance(data, Mapping):
        raise ValueError("request must be an object")
    unknown = sorted(set(data) - {*_FIELDS, "resourceAccount", "context"})
    if unknown:
        raise ValueError(f"request has no element {quote(unknown[0])}")
    for name in _FIELDS:
        if type(data.get(name)) is not str or not data[name]:
            raise ValueError(f"request.{name} must be a text")
    service, colon, action = data["action"].partition(":")
    if not (service and colon and action) or set(data["action"]) & set("*? \t\n"):
        raise ValueError("request.action must be one action, such as s3:GetObject")
    account = data.get("resourceAccount") or ""
    if account and not arns.is_account(str(account)):
        raise ValueError("request.resourceAccount must be an account id of 12 digits")
    request = Request(
        principal=data["principal"],
        action=data["action"],
        resource=data["resource"],
        resource_account=str(account),
        context=_context(data.get("context")),
    )
    _check_principal(request)
    return request


def _check_principal(request: Request) -> None:
    named = request.principal
    if request.caller_kind is CallerKind.AWS:
        fields = arns.split(named)
        if fields is None or not arns.is_account(fields[4]) or "*" in named:
            raise ValueError("request.principal must be a whole ARN with an account")
    elif request.caller_kind is CallerKind.SERVICE and "." not in named:
        raise ValueError("request.principal must be an ARN, a service such as sns.amazonaws.com, or anonymous")


def _context(data: Any) -> dict[str, str | tuple[str, ...]]:
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise ValueError("request.context must be an object")
    if len({key.lower() for key in data}) != len(data):
        raise ValueError("request.context holds a key in two spellings")
    return {
        key: tuple(_value(key, item) for item in value) if isinstance(value, list) else _value(key, value)
        for key, value in data.items()
    }


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise ValueError(f"request.context: the value of {quote(key)} must be a text, a number, true, false or a list")
