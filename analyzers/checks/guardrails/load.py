"""Guardrail files -> Guardrail. YAML or JSON; every mistake is told with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analyzers.checks.custom import PUBLIC_TYPES, Access, is_action, is_resource
from analyzers.checks.sources import tree
from analyzers.policy import PolicyError, parse
from analyzers.reasoning.question import PolicyType

from .values import Guardrail, Kind, Rule

LIBRARY = Path(__file__).parent / "library"
LEVELS = ("ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION")
MAX_RULES = 200
MAX_FILE = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HOLE = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\s*\}\}")
_GUARDRAIL = {"name", "version", "about", "parameters", "rules"}
_RULE = {
    "id", "check", "why", "policy-types", "resource-types", "reference", "actions", "resources", "level",
}  # fmt: skip


class GuardrailError(ValueError):
    """What is wrong with a guardrail, where, and what was expected."""


def names() -> list[str]:
    """Of the guardrails in the library."""
    return sorted(path.stem for path in LIBRARY.glob("*.yaml"))


def summary(name: str) -> tuple[str, dict[str, str]]:
    """What one of the library is about, and its parameters with what they mean."""
    content = tree.load((LIBRARY / f"{name}.yaml").read_text())
    return _line(content["about"]), {key: str(one) for key, one in (content.get("parameters") or {}).items()}


def load(name: str, given: Mapping[str, str] | None = None) -> Guardrail:
    """By a name in the library, or from a file. `given`: values of its parameters; a value with commas stands for a
    list where a list is written. Raises GuardrailError."""
    path = LIBRARY / f"{name}.yaml" if name in names() else Path(name)
    try:
        with path.open(encoding="utf-8-sig") as stream:
            text = stream.read(MAX_FILE + 1)
    except OSError as error:
        known = ", ".join(names())
        raise GuardrailError(f"{name}: no such file, and not in the library ({known}).") from error
    except UnicodeDecodeError as error:
        raise GuardrailError(f"{name}: not UTF-8.") from error
    return parse_guardrail(text, given, source=str(path), folder=path.parent)


def parse_guardrail(
    text: str, given: Mapping[str, str] | None = None, *, source: str = "", folder: Path | None = None
) -> Guardrail:
    """`folder`: where the files of references are looked for; None: they must stand in the guardrail itself.
    Raises GuardrailError."""
    if len(text) > MAX_FILE:
        raise GuardrailError(f"{source}: larger than {MAX_FILE // 1024} kB.")
    try:
        content = tree.load(text)
    except tree.NotReadable as error:
        raise GuardrailError(f"{source}:{error.line}:{error.column}: {error}") from error
    return _Reader(source, folder, given or {}).guardrail(content)


class _Reader:
    def __init__(self, source: str, folder: Path | None, given: Mapping[str, str]) -> None:
        self._source = source
        self._folder = folder
        self._given = given
        self._declared: dict[str, str] = {}

    def guardrail(self, content: Any) -> Guardrail:
        self._members(content, _GUARDRAIL, {"name", "rules"})
        name = str(content["name"])
        if not _NAME.fullmatch(name):
            raise self._wrong("a name has letters, digits, dots, hyphens; at most 100", content["name"])
        parameters = content.get("parameters") or {}
        if not isinstance(parameters, Mapping):
            raise self._wrong("parameters are names with what they mean", parameters)
        self._declared = {key: str(value) for key, value in parameters.items()}
        for one in self._given:
            if one not in self._declared:
                known = ", ".join(self._declared) or "none"
                raise GuardrailError(f"{self._source}: no parameter {one!r}; it has: {known}.")
        rules = content["rules"]
        if not isinstance(rules, list) or not rules or len(rules) > MAX_RULES:
            raise self._wrong(f"rules are a list of 1 to {MAX_RULES}", rules)
        made = tuple(self._rule(number, rule) for number, rule in enumerate(rules))
        if len({rule.id for rule in made}) < len(made):
            raise self._wrong("each rule has an id of its own", rules)
        version, about = str(content.get("version", "1")), _line(content.get("about"))
        return Guardrail(name, version, about, made, self._declared, self._source, content)

    def _rule(self, number: int, rule: Any) -> Rule:
        self._members(rule, _RULE, {"check"})
        try:
            kind = Kind(str(rule["check"]))
        except ValueError:
            raise self._wrong(f"check is one of {', '.join(Kind)}", rule["check"]) from None
        level = str(rule.get("level", "ERROR"))
        if level not in LEVELS:
            raise self._wrong(f"level is one of {', '.join(LEVELS)}", rule["level"])
        return Rule(
            id=str(rule.get("id", f"{kind}-{number + 1}")),
            kind=kind,
            why=_line(rule.get("why")),
            policy_types=frozenset(self._policy_types(rule)),
            resource_types=frozenset(self._resource_types(rule)),
            reference=self._reference(rule) if kind is Kind.NO_NEW_ACCESS else "",
            access=self._access(rule) if kind is Kind.ACCESS_NOT_GRANTED else (),
            level=level,
        )

    def _policy_types(self, rule: Any) -> Iterator[PolicyType]:
        for text in self._texts(rule, "policy-types"):
            try:
                yield PolicyType(text)
            except ValueError:
                raise self._wrong(f"policy-types are among {', '.join(PolicyType)}", rule["policy-types"]) from None

    def _resource_types(self, rule: Any) -> Iterator[str]:
        """Policies are told apart by these types only: a rule about another would never apply."""
        for text in self._texts(rule, "resource-types"):
            if text not in PUBLIC_TYPES:
                raise self._wrong(f"resource-types are among {', '.join(sorted(PUBLIC_TYPES))}", rule["resource-types"])
            yield text

    def _access(self, rule: Any) -> tuple[Access, ...]:
        actions, resources = self._texts(rule, "actions"), self._texts(rule, "resources")
        if not actions and not resources:
            raise self._wrong("actions, resources or both are needed", rule)
        if wrong := [one for one in actions if not is_action(one)]:
            raise self._wrong(f"{wrong[0][:60]!r} is no action: write service:Action", rule["actions"])
        if wrong := [one for one in resources if not is_resource(one)]:
            raise self._wrong(f"{wrong[0][:60]!r} is no ARN: write arn:…, * and ? allowed", rule["resources"])
        return (Access(tuple(actions), tuple(resources)),)

    def _reference(self, rule: Any) -> str:
        reference = rule.get("reference")
        if isinstance(reference, str):
            text = self._file(reference)
        elif isinstance(reference, Mapping):
            text = json.dumps(self._filled(reference), ensure_ascii=False, indent=2)
        else:
            raise self._wrong("reference is a policy, or the name of its file", rule)
        try:
            parse(text, statement_required=False)
        except PolicyError as error:
            raise self._wrong(f"the reference is no policy: {error.message}", rule.get("reference")) from error
        return text

    def _file(self, name: str) -> str:
        if self._folder is None:
            raise self._wrong("here the reference stands in the guardrail itself", name)
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise self._wrong("a reference lies beside its guardrail or below", name)
        try:
            return path.read_bytes()[:MAX_FILE].decode()
        except (OSError, UnicodeDecodeError) as error:
            raise self._wrong(f"{name} cannot be read", name) from error

    def _texts(self, rule: Any, name: str) -> list[str]:
        value = self._filled(rule.get(name, []))
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and one for one in found):
            raise self._wrong(f"{name} are texts", rule.get(name))
        return found

    # -- parameters ----------------------------------------------------------------------------------------------

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            whole = _HOLE.fullmatch(value)
            if whole and "," in (told := self._parameter(whole[1], value)):
                return [one.strip() for one in told.split(",") if one.strip()]
            return _HOLE.sub(lambda found: self._one(found[1], value), str(value))
        if isinstance(value, Mapping):
            return {key: self._filled(one) for key, one in value.items()}
        if isinstance(value, list):
            found: list[Any] = []
            for one in value:
                filled = self._filled(one)
                found += filled if isinstance(filled, list) and isinstance(one, str) else [filled]
            return found
        return value

    def _one(self, name: str, at: str) -> str:
        """For the inside of a text, where several values would make one that nothing has."""
        told = self._parameter(name, at)
        if "," in told:
            raise self._wrong(f"{name} stands within a text: give one value, without commas", at)
        return told

    def _parameter(self, name: str, at: Any) -> str:
        if name not in self._declared:
            raise self._wrong(f"{name} is not among the parameters", at)
        if name not in self._given:
            raise GuardrailError(f"{self._source}: needs {name} ({self._declared[name]}): --with {name}=VALUE.")
        return self._given[name]

    # -- mistakes ------------------------------------------------------------------------------------------------

    def _members(self, value: Any, known: set[str], needed: set[str]) -> None:
        if not isinstance(value, Mapping):
            raise self._wrong(f"expected {', '.join(sorted(needed))}", value)
        for name in value:
            if name not in known:
                raise self._wrong(f"{name[:60]!r} is not known; known are {', '.join(sorted(known))}", value)
        if missing := sorted(needed - set(value)):
            raise self._wrong(f"{', '.join(missing)} missing", value)

    def _wrong(self, message: str, at: Any) -> GuardrailError:
        line, column = tree.place(at) or (1, 1)
        return GuardrailError(f"{self._source}:{line}:{column}: {message}.")


def _line(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""
