"""What people type into the simulator, as `simulate` takes it, with an error for each field that is not understood."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzers.policy import PolicyError, parse
from analyzers.policy.source import load
from analyzers.reasoning.acl import policy_from_acl
from analyzers.reasoning.policy_set import FLAGS, OWNERSHIPS, PolicySet
from analyzers.reasoning.simulate import read_request

MOST = 500_000
"""Characters of all fields together."""
MOST_POLICIES = 50

DOCUMENTS = ("resource", "trust", "key_policy", "boundary", "session")
LEVELS = ("scp_levels", "rcp_levels")
REQUEST = ("principal", "action", "resource_arn", "resource_account")
_NAMES = {"resource_arn": "resource", "resource_account": "resourceAccount"}


@dataclass
class Typed:
    """The texts of the form, and what is wrong with them, by the name of the field."""

    texts: dict[str, str] = field(default_factory=dict)
    identity: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    ownership: str = ""
    management: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_post(cls, data: Mapping[str, Any], identity: Iterable[str], flags: Iterable[str]) -> Typed:
        names = (*REQUEST, "context", *DOCUMENTS, *LEVELS, "acl")
        ownership = str(data.get("ownership", ""))
        return cls(
            texts={name: _plain(data.get(name, "")) for name in names},
            identity=[text for text in map(_plain, identity) if text][:MOST_POLICIES],
            flags=[flag for flag in flags if flag in FLAGS],
            ownership=ownership if ownership in OWNERSHIPS else "",
            management=bool(data.get("management")),
        )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Typed:
        """The form for what `read` gave, or for a line of `simulate`."""
        policies, request = data.get("policies") or {}, data.get("request") or {}
        identity = policies.get("identity") or []
        texts = {name: _shown(policies.get(name)) for name in (*DOCUMENTS, *LEVELS, "acl")}
        texts |= {name: str(request.get(_NAMES.get(name, name)) or "") for name in REQUEST}
        return cls(
            texts=texts | {"context": _shown(request.get("context"))},
            identity=[_shown(one) for one in (identity if isinstance(identity, list) else [identity])],
            flags=[flag for flag, on in (policies.get("bpa") or {}).items() if on],
            ownership=policies.get("ownership") or "",
            management=bool(policies.get("principal_account_is_management")),
        )

    def read(self) -> dict[str, Any]:
        """`{policies, request}` with documents as texts. Fills `errors`; it may be used only if there are none."""
        size = sum(map(len, (*self.texts.values(), *self.identity)))
        if size > MOST:
            self.errors[""] = f"All fields together have at most {MOST:,} characters, not {size:,}."
            return {}
        request: dict[str, Any] = {_NAMES.get(name, name): self.texts.get(name, "") for name in REQUEST}
        request["context"] = self._json("context", dict, {})
        policies: dict[str, Any] = {}
        if self.identity:
            read = [self._document(f"identity-{i}", text) for i, text in enumerate(self.identity)]
            policies["identity"] = [one for found in read for one in (found if isinstance(found, list) else [found])]
        for name in DOCUMENTS:
            if self.texts.get(name):
                policies[name] = self._document(name, self.texts[name])
        for name in LEVELS:
            if self.texts.get(name):
                levels = self._json(name, dict, {})
                policies[name] = {level: _texts(documents) for level, documents in levels.items()}
        if self.texts.get("acl"):
            policies["acl"] = self._json("acl", list, [])
        policies |= {"bpa": dict.fromkeys(self.flags, True)} if self.flags else {}
        policies |= {"ownership": self.ownership} if self.ownership else {}
        policies |= {"principal_account_is_management": True} if self.management else {}
        data = {"policies": policies, "request": request}
        if not self.errors:
            self._check(data)
        return data

    def _document(self, name: str, text: str) -> Any:
        """A document as its text; or several, where the field holds a list of them."""
        try:
            if text.lstrip().startswith("["):
                return _texts(json.loads(text))
            parse(text)
        except PolicyError as error:
            self.errors[name] = str(error)
        except (ValueError, RecursionError) as error:
            self.errors[name] = f"This is no JSON list of policies: {error}"
        return text

    def _json(self, name: str, kind: type, empty: Any) -> Any:
        text = self.texts.get(name, "")
        if not text:
            return empty
        try:
            load(text)  # says where it goes wrong, and refuses what is nested too deeply
            value = json.loads(text)
        except (PolicyError, ValueError, RecursionError) as error:
            self.errors[name] = str(error)
            return empty
        if not isinstance(value, kind):
            self.errors[name] = "A JSON object is needed here." if kind is dict else "A JSON list is needed here."
            return empty
        return value

    def _check(self, data: dict[str, Any]) -> None:
        """The rest, by the element that the message names."""
        try:
            policy_from_acl(PolicySet.from_json(data["policies"]).acl, "bucket")
        except ValueError as error:
            place = str(error).partition(":")[0].partition(".")[0].partition("[")[0].strip()
            self.errors[place if place in (*DOCUMENTS, *LEVELS) else "acl" if "ACL" in str(error) else ""] = str(error)
        try:
            read_request(data["request"])
        except ValueError as error:
            message = str(error)
            wanted = {_NAMES.get(name, name): name for name in (*REQUEST, "context")}
            element = message.removeprefix("request.").split(" ")[0].rstrip(":")
            self.errors[wanted.get(element, "")] = message.removeprefix("request.")


def _texts(documents: Any) -> Any:
    """Documents as texts, in which elements keep their order wherever they are stored."""
    if isinstance(documents, list):
        return [_texts(one) for one in documents]
    return json.dumps(documents, indent=2) if isinstance(documents, dict) else documents


def _plain(value: Any) -> str:
    return str(value).replace("\r\n", "\n").strip().replace("\x00", "")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(_opened(value), indent=2) if value else ""


def _opened(value: Any) -> Any:
    """Documents that are texts within JSON, as objects."""
    if isinstance(value, dict):
        return {key: _opened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_opened(item) for item in value]
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
