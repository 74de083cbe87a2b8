"""The layers of policies, by the names under which they go (`identity[1]`, `scp:root`), in words."""

from __future__ import annotations

_NAMES = {
    "identity": "the caller's policies",
    "boundary": "the permissions boundary",
    "session": "the session policy",
    "resource": "the resource's policy",
    "trust": "the role's trust policy",
    "key_policy": "the key policy",
    "acl": "the access control list",
    "scp": "the service control policies",
    "rcp": "the resource control policies",
    "policy": "the policy",
    "first": "the first policy",
    "second": "the second policy",
}


def kind_of(layer: str) -> str:
    """`scp` of `scp:root[1]`."""
    return layer.partition("[")[0].partition(":")[0]


def number_of(layer: str) -> int:
    """1 of `scp:root[1]`."""
    _, bracket, number = layer.partition("[")
    return int(number.rstrip("]")) if bracket else 0


def spell(layer: str) -> str:
    """A layer in words."""
    kind, _, level = layer.partition(":")
    name = _NAMES.get(kind_of(layer), layer)
    return f"{name} at the level {level}" if level else name + (f" [{number_of(layer)}]" if "[" in kind else "")
