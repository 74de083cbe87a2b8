"""Faults put between the SDK and the server, where the SDK's own retries meet them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from analyzers.collect.access import Access


@dataclass
class Fault:
    """`operation` fails for `times` requests (-1: always). `account` empty: in every account."""

    operation: str
    kind: str
    account: str = ""
    times: int = -1
    seen: int = 0

    def answer(self, url: str, *, json_body: bool) -> AWSResponse:
        self.seen += 1
        if self.kind == "timeout":
            raise ReadTimeoutError(endpoint_url=url)
        code, status = {"denied": ("AccessDenied", 403), "throttled": ("ThrottlingException", 400)}[self.kind]
        return AWSResponse(url, status, {"x-amzn-errortype": code}, _Raw(code, json_body))


class _Raw:
    """The body of an error, as the service's protocol has it."""

    def __init__(self, code: str, json_body: bool) -> None:
        self._code, self._json = code, json_body

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        yield self.body

    @property
    def body(self) -> bytes:
        if self._json:
            return json.dumps({"__type": self._code, "message": "Not today."}).encode()
        return (
            f"<ErrorResponse><Error><Code>{self._code}</Code><Message>Not today.</Message></Error></ErrorResponse>"
        ).encode()


class FaultyAccess(Access):
    def __init__(self, faults: Sequence[Fault], **options: Any) -> None:
        super().__init__(attempts=3, **options)
        self.faults = faults

    def client(self, account: str, service: str, region: str) -> Any:
        client = super().client(account, service, region)

        def before_send(request: Any, event_name: str, **kwargs: Any) -> AWSResponse | None:
            operation = event_name.rsplit(".", 1)[-1]
            for fault in self.faults:
                fits = fault.operation == operation and fault.account in {"", account}
                if fits and fault.times and not (0 < fault.times <= fault.seen):
                    return fault.answer(request.url, json_body="json" in client.meta.service_model.metadata["protocol"])
            return None

        client.meta.events.register("before-send.*", before_send)
        return client
