"""The texts of one policy in one scene: patterns with the policy variables filled in whose value is known."""

from __future__ import annotations

from analyzers.policy.model import Policy
from analyzers.policy.pattern import Token, Variable, Wildcard, tokens

from . import keys
from .formula import TRUE, Constant, Formula, Open, Present, Var
from .relations import Related
from .scene import Scene
from .seeds import EXAMPLE, STRANGER


class Words:
    """`hints`: readable values for the patterns that hold variables, and `relations`: these patterns."""

    def __init__(self, policy: Policy, scene: Scene) -> None:
        self.policy = policy
        self.scene = scene
        self.hints: dict[Var, list[str]] = {}
        self.relations: list[Related] = []

    def tokens(self, text: str, *, wildcards: bool) -> tuple[Token, ...] | None:
        """The tokens of a value; None if a variable in it has no value, so that the value matches nothing."""
        parts = self.written(text, wildcards=wildcards)
        if not any(isinstance(part, Variable) for part in parts):
            return parts
        filled: list[Token] = []
        for part in parts:
            if not isinstance(part, Variable):
                filled.append(part)
                continue
            known = self.scene.constants.get(part.key) or self.scene.known.get(part.key)
            if known is None and self.scene.complete:
                known = part.default
                if known is None:
                    return None
            if isinstance(known, tuple):
                return None
            filled.append(part if known is None else known)
        return tuple(filled)

    def written(self, text: str, *, wildcards: bool) -> tuple[Token, ...]:
        """The tokens as they stand there."""
        return tokens(text, wildcards=wildcards, variables=self.policy.has_variables)

    def present(self, key: str) -> Formula:
        if key in self.scene.constants:
            return TRUE
        if self.scene.complete:
            return Constant(self.scene.known.get(key) not in (None, ()))
        return Present("aws:principalarn" if key in keys.CALLER_ACCOUNT else key)

    def related(
        self, parts: tuple[Token, ...], var: Var, what: str, *, fields: int = 0, fold: bool = False
    ) -> list[Formula]:
        """What else a pattern of the values of `var` needs that holds the unknown value of another key: that the key
        has a value, if there is no default, and that the values agree, which is left open."""
        wanted: list[Formula] = []
        for part in parts:
            if isinstance(part, Variable):
                agrees = Open(f"{what}: {''.join(map(_show, parts))}")
                self.relations.append(Related(agrees, var, parts, fields, fold))
                wanted.append(agrees)
                if part.default is None:
                    wanted.append(self.present(part.key))
        return wanted

    def hint(self, var: Var, text: str) -> None:
        self.hints.setdefault(var, []).append(text)


def literal_colons(token: Token) -> int:
    return 0 if isinstance(token, (Variable, Wildcard)) else token.count(":")


_EXAMPLES = {"aws:principalaccount": STRANGER}


def spelled(parts: tuple[Token, ...]) -> str:
    """A readable string that the pattern matches when each variable has its example value."""
    text = ""
    for part in parts:
        if isinstance(part, Variable):
            text += _EXAMPLES.get(part.key, EXAMPLE)
        else:
            text += EXAMPLE if isinstance(part, Wildcard) else part
    return text


def _show(token: Token) -> str:
    if isinstance(token, Variable):
        return f"${{{token.key}}}" if token.default is None else f"${{{token.key}, '{token.default}'}}"
    return token.value if isinstance(token, Wildcard) else token.replace("*", "${*}").replace("?", "${?}")
