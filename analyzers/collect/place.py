"""Where a service is read: one account, one region. Makes the calls, follows the pages, remembers what was refused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, PaginationError

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
    lists in full. `principals`: it lists all principals, too. `read_one` reads one resource again by its ARN, with
    those that belong to it (their ARNs go on with one of `beneath`); it gives nothing if the resource is gone.
    """

    name: str
    calls: Mapping[str, str]
    read: Callable[[Place], Iterator[Part]]
    everywhere: bool = True
    types: tuple[str, ...] = ()
    principals: bool = False
    read_one: Callable[[Place, str], Iterator[Part]] | None = None
    beneath: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """How resources of one kind are listed, named and described, all of them or one.

    `items` lists them; if it is given an ARN it may list that one only, and then raises an error with one of the codes
    `gone` if there is none.
    """

    items: Callable[[Place, str], Iterable[Any]]
    arn: Callable[[Place, Any], str]
    describe: Callable[[Place, Any], Iterator[Part]]
    gone: tuple[str, ...] = ()

    def read(self, place: Place) -> Iterator[Part]:
        for item in self.items(place, ""):
            yield from self.describe(place, item)

    def read_one(self, place: Place, arn: str) -> Iterator[Part]:
        try:
            found = [item for item in self.items(place, arn) if self.arn(place, item) == arn]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in self.gone:
                return
            raise
        for item in found[:1]:
            yield from self.describe(place, item)


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
    """`clients` gives a boto3 client for a service and a region. `page_size` is the service's own if none is given.

    `beat` is called before each attempt of a call: whoever reads says that he is alive, or raises to end the reading.
    """

    account: str
    region: str
    partition: str
    calls: Mapping[str, str]
    clients: Callable[[str, str], Any]
    page_size: int | None = None
    beat: Callable[[], None] | None = None
    problems: list[Problem] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    """Resource types that could not be listed in full: none of them is taken for gone."""
    made: int = 0
    """Calls so far."""
    waited: float = 0.0
    """Seconds in which the services were waited for."""
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)
    _errors: dict[str, list[str]] = field(default_factory=dict)
    _noted: int = 0

    def client(self, service: str, region: str = "") -> Any:
        key = (service, region or self.region)
        if key not in self._known:
            self._known[key] = client = self.clients(*key)
            client.meta.events.register("before-send.*", self._before_send)
        return self._known[key]

    def _before_send(self, **kwargs: Any) -> None:
        if self.beat is not None:
            self.beat()

    def call(self, client: Any, operation: str, **parameters: Any) -> Any:
        """One answer. Raises ClientError or BotoCoreError."""
        self._check(client, operation)
        self.made += 1
        began = time.monotonic()
        try:
            return getattr(client, operation)(**parameters)
        finally:
            self.waited += time.monotonic() - began

    def pages(self, client: Any, operation: str, key: str, *, size: int = 0, **parameters: Any) -> Iterator[Any]:
        """The elements under `key` in all pages. Raises ClientError or BotoCoreError.

        `size`: elements a page, for services that give a first page and no more if none is asked for.
        """
        self._check(client, operation)
        if client.can_paginate(operation):
            paginator = client.get_paginator(operation)
            wanted = self.page_size or size
            config = {"PageSize": wanted} if wanted and "limit_key" in paginator._pagination_cfg else {}
            pages = iter(paginator.paginate(PaginationConfig=config, **parameters))
            while (page := self._next(pages)) is not None:
                yield from page.get(key) or ()
            return
        token: dict[str, str] = {}
        while True:
            page = self.call(client, operation, **parameters, **token)
            yield from page.get(key) or ()
            if not page.get("NextToken"):
                return
            if token.get("NextToken") == page["NextToken"]:
                raise PaginationError(message=f"{operation} gives the same page again")
            token = {"NextToken": page["NextToken"]}

    def _next(self, pages: Iterator[Any]) -> Any:
        began = time.monotonic()
        try:
            page = next(pages, None)
        finally:
            self.waited += time.monotonic() - began
        self.made += page is not None
        return page

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

    def listed(
        self, kinds: tuple[str, ...], about: str, client: Any, operation: str, key: str, **parameters: Any
    ) -> list[Any]:
        """Resources that belong to another one. If they cannot be listed, those of `kinds` that are known stay."""
        before = len(self.problems)
        found = self.all(about, client, operation, key, **parameters)
        if len(self.problems) > before:
            self.kept |= set(kinds)
        return found

    def error(self, about: str) -> str:
        """What could not be read of a resource; empty if nothing failed."""
        for problem in self.problems[self._noted :]:
            self._errors.setdefault(problem.about, []).append(str(problem))
        self._noted = len(self.problems)
        return "\n".join(self._errors.get(about, ()))

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
        return Problem(call, type(error).__name__, clean(str(error)[:500]), "", about)
    code = clean(str(error.response.get("Error", {}).get("Code", ""))[:80])
    message = clean(str(error.response.get("Error", {}).get("Message", ""))[:2000])
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


_NOT_STORED = re.compile("[\x00\ud800-\udfff]")
MOST_DEEP = 60


def clean(value: Any, depth: int = 0) -> Any:
    """A value as a database can hold it: without NUL and half characters. Raises ValueError if nested too deep."""
    if isinstance(value, str):
        return _NOT_STORED.sub("\ufffd", value)
    if depth > MOST_DEEP:
        raise ValueError("The answer is nested too deep.")
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, depth + 1) for item in value]
    return value


def moment(value: Any) -> str | None:
    """A date of an answer in ISO 8601; None if there is none."""
    return value.isoformat() if hasattr(value, "isoformat") else None
