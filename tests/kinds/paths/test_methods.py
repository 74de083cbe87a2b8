"""The table of methods: sources, and what the documents say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzers import catalogue
from analyzers.kinds.channels import TRAITS
from analyzers.kinds.paths.methods import EDITS, METHODS, OPENS, Method

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "access-paths.md").read_text()


@pytest.mark.parametrize("method", [*METHODS, *OPENS.values()], ids=lambda method: method.name)
def test_each_has_a_source_and_actions_that_exist(method: Method) -> None:
    assert method.source.startswith("https://")
    assert method.source in DOCUMENT
    for need in method.needs:
        for action in need.actions:
            assert catalogue.action(action) is not None, action
            assert f"`{action}`" in DOCUMENT


def test_edits_and_types() -> None:
    assert set(OPENS) <= set(TRAITS)
    assert all(catalogue.action(action) for actions in EDITS.values() for action in actions)
