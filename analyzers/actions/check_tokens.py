"""Make and revoke the tokens of pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from analyzers.check_runs.tokens import SHOWN, digest, new_secret
from analyzers.models import CheckToken
from findings.roles import ALL_TOKENS, TOKENS, Actor, person, require

LONGEST = 366
"""Days."""
MOST = 50
"""Valid tokens of one person."""


@dataclass(frozen=True)
class CreateCheckToken:
    """`of_portal`: it belongs to nobody, and stays when people go; for administrators."""

    name: str
    days: int
    user: Actor
    pipelines: str = "*"
    of_portal: bool = False

    def __call__(self) -> tuple[CheckToken, str]:
        """The token and its secret, which is told only now. Raises PermissionDenied or ValidationError."""
        require(self.user, ALL_TOKENS if self.of_portal else TOKENS)
        owner = None if self.of_portal else person(self.user)
        now = timezone.now()
        if not 1 <= self.days <= LONGEST:
            raise ValidationError({"days": f"From 1 to {LONGEST} days."})
        if owner and owner.check_tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST:
            raise ValidationError(f"You have {MOST} valid tokens. Revoke those that nobody needs.")
        secret = new_secret()
        token = CheckToken(
            name=self.name.strip(),
            owner=owner,
            pipelines=self.pipelines.strip() or "*",
            digest=digest(secret),
            beginning=secret[:SHOWN],
            created_by=person(self.user),
            expires_at=now + timedelta(days=self.days),
        )
        token.full_clean()
        token.save()
        return token, secret


@dataclass(frozen=True)
class RevokeCheckToken:
    """At once and for good. One's own, or with the right to see to all."""

    token: CheckToken
    user: Actor

    def __call__(self) -> None:
        """Raises PermissionDenied."""
        if self.token.owner is None or self.token.owner != person(self.user):
            require(self.user, ALL_TOKENS)
        CheckToken.objects.filter(pk=self.token.pk, revoked_at=None).update(
            revoked_at=timezone.now(), revoked_by=person(self.user)
        )
