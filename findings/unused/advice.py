"""What to do about what could not be judged, by its reason."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse


class Advice(NamedTuple):
    """`url`: of the page where it is done."""

    text: str
    url: str


_REPORT = "Read IAM's last-accessed reports again: with action level, for all accounts."
_BY_WORD = (
    ("does not list the service", "The report was made before the right was granted. " + _REPORT, "usage"),
    ("reaches back", "Choose a tracking period of 365 days or fewer, or read trails that reach further.", "usage"),
    ("last-accessed report", _REPORT, "usage"),
    ("ends too early", "Read the evidence again: it is older than the last use that it tells of.", "usage"),
    ("no trail tells", "Read the trails of the account, of all regions.", "usage"),
    ("text of a policy", "Read the account again with its managed policies.", "collections"),
    ("policy", "Mend the policy, or read it again.", "collections"),
    ("inventory", "Read the accounts again.", "collections"),
    (
        "not read",
        "Read the accounts again; the collector needs iam:GetCredentialReport and iam:GetRole.",
        "collections",
    ),
    ("is not known", "Read the accounts again.", "collections"),
)
"""The first whose words occur in the reason; the name of an address."""


def advice(reason: str) -> Advice:
    for words, text, name in _BY_WORD:
        if words in reason:
            return Advice(text, reverse(name))
    return Advice("Read the accounts again.", reverse("collections"))
