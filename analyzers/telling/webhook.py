"""Any other service: the whole result as JSON in one signed request.

Headers: `X-Signature-256: sha256=` and the HMAC-SHA256 of the body with WEBHOOK_SECRET, in hexadecimal digits, and
`Idempotency-Key`, the same when the same delivery is tried again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Sequence

import msgspec
import requests

from .access import TIMEOUT, address, said, seconds, secret
from .finding import Finding
from .patience import Later, Refused


def payload(findings: Sequence[Finding], name: str) -> bytes:
    """`key` of each finding is the same in every run."""
    told = [{"key": one.key, **msgspec.to_builtins(one)} for one in findings]
    return json.dumps({"version": 1, "name": name, "findings": told}).encode()


class Webhook:
    """To the address in WEBHOOK_URL."""

    def __init__(self) -> None:
        self._url = address("WEBHOOK_URL")
        self._secret = secret("WEBHOOK_SECRET", "what receiver and sender know, for the signature")
        self._key = str(uuid.uuid4())

    def send(self, findings: Sequence[Finding], name: str) -> None:
        """Raises Later or Refused."""
        body = payload(findings, name)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "analyzer-portal",
            "Idempotency-Key": self._key,
            "X-Signature-256": f"sha256={hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()}",
        }
        try:
            with requests.post(
                self._url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                status, after = answer.status_code, seconds(answer.headers.get("Retry-After"))
        except requests.exceptions.RequestException as error:
            raise Later(f"The webhook could not be reached ({type(error).__name__}).") from None
        if 200 <= status < 300:
            return
        message = f"The webhook answered {said(status)}."
        if status in (408, 425, 429) or status >= 500:
            raise Later(message, after)
        raise Refused(message, everything=True)
