"""A large JSON file as a stream of its parts, with what JSON libraries let pass: keys that occur twice, depth, size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import IO, Any

import ijson

MAX_DEPTH = 60
MAX_NODES = 500_000
"""Values in one part; a policy has some hundred."""


@dataclass(frozen=True, slots=True)
class Part:
    """An item of a top-level list, or a whole top-level value (then `index` is None).

    `problems` are (path within the part, message).
    """

    section: str
    index: int | None
    value: Any
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        return self.section if self.index is None else f"{self.section}[{self.index}]"


class Unreadable(Exception):
    """The file ends here for us; what came before was whole. `path` is where."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def parts(stream: IO[bytes]) -> Iterator[Part]:
    """The parts of a JSON object, one after the other. Raises Unreadable."""
    place = ""
    try:
        events = ijson.basic_parse(stream, buf_size=256 * 1024)
        first, _ = next(events, ("", None))
        if first != "start_map":
            raise Unreadable("The file holds no JSON object." if first else "The file is empty.")
        seen: set[str] = set()
        for event, section in events:
            if event == "end_map":
                break
            place = str(section)
            if place in seen:
                raise Unreadable(f"The key {place[:80]!r} occurs twice.", place)
            seen.add(place)
            event, value = next(events)
            if event != "start_array":
                yield _Builder(events, place, None).part(event, value)
                continue
            for index in count():
                event, value = next(events)
                if event == "end_array":
                    if not index:
                        yield Part(str(section), None, [])
                    break
                place = f"{section}[{index}]"
                yield _Builder(events, str(section), index).part(event, value)
        for _ in events:
            raise Unreadable("The file goes on after the end of its JSON object.")
    except ijson.IncompleteJSONError as error:
        raise Unreadable(f"The file is truncated or not JSON: {_short(error)}", place) from error
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise Unreadable(f"The file is not JSON: {_short(error)}", place) from error
    except StopIteration as error:
        raise Unreadable("The file is truncated.", place) from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


class _Builder:
    """Builds one value from parser events."""

    def __init__(self, events: Iterator[tuple[str, Any]], section: str, index: int | None) -> None:
        self.events = events
        self.section = section
        self.index = index
        self.nodes = 0
        self.problems: list[tuple[str, str]] = []

    def part(self, event: str, value: Any) -> Part:
        built = self._value(event, value, "", 1)
        return Part(self.section, self.index, built, tuple(self.problems[:20]))

    def _place(self, path: str) -> str:
        head = self.section if self.index is None else f"{self.section}[{self.index}]"
        return head + path

    def _value(self, event: str, value: Any, path: str, depth: int) -> Any:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise Unreadable(f"The value is nested deeper than {MAX_DEPTH} levels.", self._place(path)[:300])
        if self.nodes > MAX_NODES:
            raise Unreadable(f"The value has more than {MAX_NODES:,} parts.", self._place(""))
        if event == "start_map":
            return self._map(path, depth)
        if event == "start_array":
            items: list[Any] = []
            for inner, item in self.events:
                if inner == "end_array":
                    return items
                items.append(self._value(inner, item, f"{path}[{len(items)}]", depth + 1))
            raise Unreadable("The file is truncated.", self._place(path))
        if isinstance(value, Decimal):
            return float(value)
        if isinstance(value, str) and "\x00" in value:
            self.problems.append((path, "The text holds a null character."))
            return value.replace("\x00", "")
        return value

    def _map(self, path: str, depth: int) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for event, key in self.events:
            if event == "end_map":
                return built
            name = str(key)
            inner, value = next(self.events)
            if name in built:
                self.problems.append((f"{path}.{name}", f"The key {name[:80]!r} occurs twice."))
            built[name] = self._value(inner, value, f"{path}.{name}", depth + 1)
        raise Unreadable("The file is truncated.", self._place(path))
