"""Recommended policies made to fit AWS's limits on size and number: shorter texts first, then other kinds of policy,
and only then less narrow ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import fitting
from .drafts import Draft
from .narrowing import Effort
from .values import Held, Kind


class Sizing:
    """`rewrite` writes a draft's documents with an effort; `leaving` are the groups that the principal leaves."""

    def __init__(
        self,
        principal: str,
        policies: Sequence[Held],
        drafts: Sequence[Draft],
        rewrite: Callable[[Draft, Effort], None],
        leaving: Callable[[], set[str]],
    ) -> None:
        self.policies, self.drafts, self.rewrite, self.leaving = policies, drafts, rewrite, leaving
        self.limit = fitting.INLINE[fitting.owner_of(principal)]

    def fit(self) -> str:
        """Make it fit. Why it does not, if it does not."""
        self._fit_inline()
        while self.attached() > self.quota or self._too_large():
            large = [one for one in self.drafts if one.documents and one.managed and one.effort is not Effort.COARSE]
            if not large:
                break
            self.rewrite(max(large, key=_size), Effort.COARSE)
        if draft := self._too_large():
            most = f"{fitting.MANAGED:,}"
            return f"A statement of {draft.held.name} needs more than {most} characters, and cannot be divided."
        if self.attached() > self.quota:
            return f"{self.attached()} managed policies would be needed; at most {self.quota} can be attached."
        return ""

    def _fit_inline(self) -> None:
        """Shorter texts; then the largest become managed policies."""
        limit = max(self.limit, self.inline_size(old=True))
        for draft in self.drafts:
            if self.inline_size() > limit and draft.documents and not draft.managed:
                self.rewrite(draft, Effort.TIGHT)
        while self.inline_size() > limit:
            inline = [one for one in self.drafts if one.documents and not one.managed]
            if not inline:
                return
            largest = max(inline, key=_size)
            largest.managed = True
            self.rewrite(largest, Effort.PLAIN)

    def inline_size(self, *, old: bool = False) -> int:
        drafts = [one for one in self.drafts if one.held.kind is Kind.INLINE and not one.held.via]
        return sum(
            fitting.size(document)
            for one in drafts
            if old or not one.managed
            for document in ([one.document] if old else one.new)
        )

    def attached(self) -> int:
        """Managed policies that would be attached to the principal itself."""
        leaving = self.leaving()
        known = {id(one.held) for one in self.drafts}
        unread = [one for one in self.policies if one.kind is Kind.MANAGED and id(one) not in known]
        own = [one.via == "" or one.via in leaving for one in unread]
        drafts = [one for one in self.drafts if one.managed and (not one.held.via or one.held.via in leaving)]
        return sum(own) + sum(len(one.new) for one in drafts)

    @property
    def quota(self) -> int:
        now = sum(one.kind is Kind.MANAGED and not one.via for one in self.policies)
        return fitting.ATTACHED if now <= fitting.ATTACHED else fitting.ATTACHED_AT_MOST

    def _too_large(self) -> Draft | None:
        drafts = (one for one in self.drafts if one.managed and one.documents)
        return next((one for one in drafts if max(map(fitting.size, one.new)) > fitting.MANAGED), None)

    def in_words(self, changed: Sequence[Draft]) -> str:
        managed = [fitting.size(one) for draft in changed if draft.managed for one in draft.documents or ()]
        told = []
        if managed:
            told.append(f"the largest new managed policy has {max(managed):,} of {fitting.MANAGED:,} characters")
        if any(not draft.managed for draft in changed):
            told.append(f"all inline policies together have {self.inline_size():,} of {self.limit:,} characters")
        told.append(f"{self.attached()} managed policies are attached then, of {self.quota} that can be")
        words = "; ".join(told)
        return f"{words[0].upper()}{words[1:]}."


def _size(draft: Draft) -> int:
    return sum(map(fitting.size, draft.new))
