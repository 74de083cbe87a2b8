"""Where a service is read: one account, one region. Makes the calls, follows the pages, remembers what was refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

Part = tuple[str, dict[str, Any]]
"""A section of an inventory file (docs/inventory-file.md) and one element of it."""

MISSING = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
"""Error codes of a call that the role may not make."""

SWITCHED_OFF = frozenset({"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"})
"""Error codes of a region that the account does not use, or that refuses its credentials."""


@dataclass(frozen=True)
class Service:
    """What is read in one step. `calls` maps each operation to the permission that it needs, by its name or, where two
    services share it, as `Service.Operation`; nothing else is called.

    `everywhere`: read in each region, otherwise once an account. `types`: the resource types that a complete reading
    lists in full. `principals`: it lists all principals, too.
    """

    name: str
    calls: Mapping[str, str]
    read: Callable[[Place], Iterator[Part]]
    everywhere: bool = True
    types: tuple[str, ...] = ()
    principals: bool = False


@dataclass(frozen=True)
class Problem:
    """A call that failed. `permission` is what the role lacks, if that is the reason; `about` an ARN, or empty."""

    call: str
    code: str
    message: str
    permission: str = ""
    about: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        lacks = f" The role lacks {self.permission}." if self.permission else ""
        return f"{self.call} failed: {self.code}: {self.message}{lacks}"


@dataclass
class Place:
    """`clients` gives a boto3 client for a service and a region. `page_size` is the service's own if none is given."""

    account: str
    region: str
    partition: str
    calls: Mapping[str, str]
    clients: Callable[[str, str], Any]
    page_size: int | None = None
    problems: list[Problem] = field(default_factory=list)
    made: int = 0
    """Calls so far."""
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = "") -> Any:
        key = (service, region or self.region)
        if key not in self._known:
            self._known[key] = self.clients(*key)
        return self._known[key]

    def call(self, client: Any, operation: str, **parameters: Any) -> Any:
        """One answer. Raises ClientError or BotoCoreError."""
        self._check(client, operation)
        self.made += 1
        return getattr(client, operation)(**parameters)

    def pages(self, client: Any, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """The elements under `key` in all pages. Raises ClientError or BotoCoreError."""
        self._check(client, operation)
        if client.can_paginate(operation):
            paginator = client.get_paginator(operation)
            sized = self.page_size and "limit_key" in paginator._pagination_cfg
            config = {"PageSize": self.page_size} if sized else {}
            for page in paginator.paginate(PaginationConfig=config, **parameters):
                self.made += 1
                yield from page.get(key) or ()
            return
        token: dict[str, str] = {}
        while True:
            page = self.call(client, operation, **parameters, **token)
            yield from page.get(key) or ()
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def ask(self, about: str, client: Any, operation: str, *, absent: tuple[str, ...] = (), **parameters: Any) -> Any:
        """One answer about a resource. None if there is nothing (error codes `absent`), or if the call failed: that is
        remembered, and `error` tells it."""
        try:
            return self.call(client, operation, **parameters)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in absent:
                return None
            self.problems.append(problem(error, client, operation, self.calls, about))
            return None

    def all(self, about: str, client: Any, operation: str, key: str, **parameters: Any) -> list[Any]:
        """All elements about a resource; a failure is remembered as with `ask`."""
        found: list[Any] = []
        try:
            found.extend(self.pages(client, operation, key, **parameters))
        except (ClientError, BotoCoreError) as error:
            self.problems.append(problem(error, client, operation, self.calls, about))
        return found

    def error(self, about: str) -> str:
        """What could not be read of a resource; empty if nothing failed."""
        return "\n".join(str(problem) for problem in self.problems if problem.about == about)

    def resource(self, arn: str, kind: str, **more: Any) -> Part:
        """A resource as an inventory file has it, with what could not be read of it."""
        found = {"arn": arn, "type": kind, "account": self.account, "region": self.region, **more}
        if error := self.error(arn):
            found["error"] = error
        return "resources", {key: value for key, value in found.items() if value is not None}

    def _check(self, client: Any, operation: str) -> None:
        if client.meta.method_to_api_mapping[operation] not in self.calls:
            raise AssertionError(f"{operation} is not among the calls of this service")


def problem(
    error: Exception, client: Any, operation: str, calls: Mapping[str, str] | None = None, about: str = ""
) -> Problem:
    """What went wrong with a call, without credentials or request bodies."""
    name = client.meta.method_to_api_mapping.get(operation, operation)
    service = client.meta.service_model.service_id
    permission = (calls or {}).get(f"{service}.{name}") or (calls or {}).get(name, "")
    return told(error, f"{service} {name}", permission, about)


_NOT_AUTHORIZED = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)")


def told(error: Exception, call: str, permission: str, about: str = "") -> Problem:
    if not isinstance(error, ClientError):
        return Problem(call, type(error).__name__, str(error)[:500], "", about)
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", ""))
    if message.lstrip().startswith("<"):
        message = "The server answered with a page instead of an error of its protocol."
    message = message[:500]
    named = _NOT_AUTHORIZED.search(message)
    denied = code in MISSING or named is not None
    return Problem(call, code, message, (named.group(1) if named else permission) if denied else "", about)


def tags(values: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """AWS's list of tags as an object."""
    if isinstance(values, Mapping):
        return {str(name): str(text) for name, text in values.items()}
    return {str(tag[key]): str(tag.get(value, "")) for tag in values or ()}


def moment(value: Any) -> str | None:
    """A date of an answer in ISO 8601; None if there is none."""
    return value.isoformat() if hasattr(value, "isoformat") else None
