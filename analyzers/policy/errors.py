"""What is wrong with a document, and where."""

from __future__ import annotations

from .model import Path, Position

WINDOW = 100
"""Columns of the source line that an error shows."""
QUOTED = 60
"""Characters of a foreign text that a message repeats."""
MAX_PATH = 300


class PolicyError(ValueError):
    """A document that cannot be read as a policy. `str()` shows the place with a caret.

    `position` is None where no place can be told, `path` empty where the whole document is meant. Neither the
    message nor the shown line grows with the document.
    """

    def __init__(self, message: str, *, path: Path = (), position: Position | None = None, text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.position = position
        self._line = _excerpt(text, position) if position is not None else ""

    @property
    def where(self) -> str:
        """The path in a form that people read: `Statement[0].Condition`."""
        return spell(self.path)

    def __str__(self) -> str:
        places = [self.where] if self.path else []
        if self.position is not None:
            places += [f"line {self.position.line}", f"column {self.position.column + 1}"]
        head = f"{self.message.rstrip('.')} ({', '.join(places)})." if places else self.message
        return f"{head}\n{self._line}" if self._line else head


def spell(path: Path) -> str:
    """A path for people, cut where it is longer than MAX_PATH."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" if text else _cut(step)
    return text if len(text) <= MAX_PATH else f"{text[:MAX_PATH]}..."


def quote(value: object) -> str:
    """A foreign value for a message: quoted, control characters escaped, cut."""
    return repr(_cut(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}..."


def _excerpt(text: str, position: Position) -> str:
    start = text.rfind("\n", 0, position.offset) + 1
    end = text.find("\n", position.offset)
    end = len(text) if end < 0 else end
    left = max(start, position.offset - WINDOW // 2)
    line = text[left : min(end, left + WINDOW)].rstrip("\r").replace("\t", " ")
    visible = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return f"    {visible}\n    {' ' * (position.offset - left)}^"
