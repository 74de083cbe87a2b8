"""One mend in the text of its file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from analyzers.checks.found import FoundPolicy, marked, pieces, readable
from analyzers.checks.found import marks_in as marks
from analyzers.checks.mending import editing
from analyzers.checks.mending.editing import GONE, Edit
from analyzers.checks.outcome import Mend
from analyzers.checks.sources import File, Options, tree
from analyzers.checks.sources.intrinsics import NO_VALUE, Template, Undecided, Values
from analyzers.policy.model import Path

from . import yaml_text
from .structure import at, copied, edited


class Unwritable(Exception):
    """The mend cannot be written into the file; the message says why."""


def in_file(file: File, policy: FoundPolicy, mend: Mend, options: Options) -> str:
    """The file's text with the mend, of which nothing else has changed. Raises Unwritable."""
    if policy.inside is None:
        raise Unwritable("the policy does not stand in this file as it is: it is made of something else")
    if mend.is_file:
        return mend.text
    edits = [Edit(path, json.loads(change[3]) if change[3] else GONE) for path, change in _changes(mend)]
    return _Document(file, policy.inside, options).changed(edits)


def _changes(mend: Mend) -> Iterator[tuple[Path, tuple[Any, str, str, str]]]:
    return zip(mend.paths, mend.changes, strict=True)


class _Document:
    def __init__(self, file: File, inside: Path, options: Options) -> None:
        self._text = file.text
        self._inside = inside
        try:
            self._content = tree.load(file.text)
            self._policy = at(self._content, inside)
        except (tree.NotReadable, LookupError) as error:
            raise Unwritable("the policy does not stand in this file as it is: it is made of something else") from error
        self._template = Template(file.name, self._content, options.assume)
        self._nodes = dict(self._evaluated(self._policy))

    def changed(self, edits: list[Edit]) -> str:
        placed = []
        for edit in edits:
            self._must_be_literal(edit.path)
            value = GONE if edit.value is GONE else self._written(edit.value)
            placed.append(Edit((*self._inside, *edit.path), value))
        is_json = self._text.lstrip()[:1] == "{"
        try:
            text = editing.apply(self._text, placed) if is_json else yaml_text.apply(self._text, placed)
            same = copied(tree.load(text)) == edited(self._content, placed)
        except (LookupError, ValueError) as error:  # NotReadable and texts that are no JSON are ValueErrors
            raise Unwritable("its lines cannot be changed without touching others") from error
        if not same:
            raise Unwritable("its lines cannot be changed without touching others")
        return text

    def _must_be_literal(self, path: Path) -> None:
        """No function stands on the way, so that what is found at the path is what the policy has there."""
        node = self._policy
        for step in path:
            if _function(node):
                raise Unwritable(f"{next(iter(node))} makes this part of the policy")
            if isinstance(node, list):
                if any(map(_may_vanish, node)):
                    raise Unwritable("a function in the list may leave out an entry")
                node = node[step] if isinstance(step, int) and step < len(node) else None
            else:
                node = node.get(step) if isinstance(node, Mapping) else None

    def _evaluated(self, node: Any) -> Iterator[tuple[str, Any]]:
        """What functions in the policy give, and the functions: to write them as they are written."""
        if _function(node):
            try:
                value = Values(self._template, {}).of(node)
            except Undecided:
                return
            if isinstance(value, str) and value is not NO_VALUE:
                yield value, copied(node)
            return
        for one in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
            yield from self._evaluated(one)

    def _written(self, value: Any) -> Any:
        """With functions in place of marks."""
        if isinstance(value, str):
            return self._nodes.get(value) or (self._substituted(value) if marked(value) else value)
        if isinstance(value, dict):
            return {key: self._written(one) for key, one in value.items()}
        return [self._written(one) for one in value] if isinstance(value, list) else value

    def _substituted(self, text: str) -> Any:
        names = marks(text)
        written = ""
        for part, word in pieces(text):
            written += part.replace("${", "${!")
            if word is not None:
                name = next(names)
                if name not in self._template.parameters and not name.startswith("AWS::"):
                    raise Unwritable(f"{readable(text)} depends on {name}, which has to be written by hand")
                written += f"${{{name}}}"
        if "${AWS::AccountId}" in written:
            written = re.sub(r"\Aarn:aws:", "arn:${AWS::Partition}:", written)
        alone = re.fullmatch(r"\$\{([^${}!]+)\}", written)
        return {"Ref": alone[1]} if alone else {"Fn::Sub": written}


def _function(node: Any) -> bool:
    return isinstance(node, Mapping) and len(node) == 1 and next(iter(node)).partition("::")[0] in {"Ref", "Fn"}


def _may_vanish(node: Any) -> bool:
    return _function(node) and ("Fn::If" in node or node == {"Ref": "AWS::NoValue"})
