"""AWS's limits on the size and number of policies, and one policy split into several that fit.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from .narrowing import Document, listed

MANAGED = 6_144
INLINE = {"user": 2_048, "role": 10_240, "group": 5_120}
"""All inline policies of one together."""
ATTACHED = 10
"""Managed policies that a role or user may have; AWS raises it to `ATTACHED_AT_MOST` on request."""
ATTACHED_AT_MOST = 20


def size(document: Document | str) -> int:
    """Characters, without whitespace between elements."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def owner_of(principal: str) -> str:
    """`user` or `role`."""
    return "user" if ":user/" in principal else "role"


def split(document: Document, limit: int = MANAGED) -> list[Document] | None:
    """Documents that fit and together say the same; None if a statement alone is too large and cannot be divided."""
    if size(document) <= limit:
        return [document]
    frame = {name: value for name, value in document.items() if name != "Statement"}
    room = limit - size({**frame, "Statement": []})
    statements = document["Statement"]
    pieces: list[Document] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        parts = _divide(statement, room)
        if parts is None:
            return None
        pieces += parts
    return [{**frame, "Statement": packed} for packed in _pack(pieces, room)]


def _divide(statement: Document, room: int) -> list[Document] | None:
    if size(statement) <= room:
        return [statement]
    actions = listed(statement.get("Action", []))
    if statement["Effect"] != "Allow" or len(actions) < 2:
        return None
    parts: list[Document] = []
    frame = size({**statement, "Action": []})
    held: list[str] = []
    taken = frame
    for action in actions:
        more = size(action) + 1
        if held and taken + more > room:
            parts.append({**statement, "Action": held})
            held, taken = [], frame
        held.append(action)
        taken += more
    parts.append({**statement, "Action": held})
    return parts if all(size(part) <= room for part in parts) else None


def _pack(pieces: Sequence[Document], room: int) -> list[list[Document]]:
    """In order, each into the first document that has room for it."""
    packed: list[list[Document]] = []
    left: list[int] = []
    for piece in pieces:
        needed = size(piece) + 1
        for number, free in enumerate(left):
            if needed <= free:
                packed[number].append(piece)
                left[number] -= needed
                break
        else:
            packed.append([piece])
            left.append(room - needed)
    return packed
