"""Cases and data that lie beside the project; tests that need them skip where they are missing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def conformance(name: str) -> list[Any]:
    """The cases of a file; one skipped case with the reason if it is missing. For use in parametrize."""
    path = SHARED / "conformance" / name
    if not path.is_file():
        return [pytest.param({"id": "missing"}, marks=pytest.mark.skip(reason=f"{name} is not beside the project"))]
    cases: list[Any] = json.loads(path.read_text())
    return cases


def data(name: str) -> Any:
    """The parsed data file (`.json` or `.json.gz`); skips the calling test if it is missing."""
    path = SHARED / "data" / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the project")
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(raw)
