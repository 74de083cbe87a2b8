"""The levels of an organization above an account, at each of which control policies are attached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from analyzers.models import Account, OrganizationalUnit

Step = tuple[str, str]
"""Id and name of a root, unit or account."""


def steps_of(account: Account, units: Mapping[str, OrganizationalUnit]) -> list[Step]:
    """From the root down to the account; empty outside an organization. `units` by id."""
    if account.organization_id is None:
        return []
    path, step = [(account.pk, account.name or account.pk)], account.parent
    while step and all(step != known for known, _ in path):
        unit = units.get(step)
        path.append((step, unit.name if unit else "root"))
        step = unit.parent if unit else ""
    return path[::-1]


def by_level(steps: Sequence[Step], texts_at: Callable[[str], Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """`{level: texts}` under the levels' names; of two with one name each has its id with it."""
    names = [name for _, name in steps]
    return {name if names.count(name) == 1 else f"{name} ({target})": tuple(texts_at(target)) for target, name in steps}
