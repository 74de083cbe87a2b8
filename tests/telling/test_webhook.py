"""A result sent to any service."""

from __future__ import annotations

import hashlib
import hmac
import json

from .conftest import TOKEN, Tell, finding
from .server import Answer, Receiver


def test_the_body_is_signed_and_says_everything(receiver: Receiver, tell: Tell) -> None:
    assert tell([finding(), finding("Queue", "PASS")], "webhook", "--name", "shop")[0] == 0
    (request,) = receiver.requests
    signature = hmac.new(TOKEN.encode(), request.raw, hashlib.sha256).hexdigest()
    assert request.headers["X-Signature-256"] == f"sha256={signature}"
    told = json.loads(request.raw)
    assert (told["version"], told["name"]) == (1, "shop")
    assert [one["result"] for one in told["findings"]] == ["FAIL", "PASS", "PASS"]
    assert len(told["findings"][0]["key"]) == 32
    assert told["findings"][0]["policy"]["name"] == "Reports"


def test_a_delivery_that_is_tried_again_has_the_same_key_and_the_next_another(
    receiver: Receiver, tell: Tell, waits: list[float]
) -> None:
    receiver.faults = [
        ("POST", "/in", Answer(503, after=True)),
        ("POST", "/in", Answer(429, headers={"Retry-After": "5"})),
    ]
    assert tell([finding()], "webhook")[0] == 0
    assert tell([finding()], "webhook")[0] == 0
    keys = [one.headers["Idempotency-Key"] for one in receiver.requests]
    assert (len(set(keys[:3])), keys[3] in keys[:3], waits) == (1, False, [1, 5])


def test_no_redirect_is_followed(receiver: Receiver, tell: Tell) -> None:
    receiver.faults = [("POST", "/in", Answer(307, headers={"Location": f"{receiver.url}/elsewhere"}))]
    status, said = tell([finding()], "webhook")
    assert (status, "307" in said, len(receiver.requests)) == (1, True, 1)
