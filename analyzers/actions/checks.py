"""Keep what was tried out, so that it has a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from analyzers.models import SavedCheck


@dataclass(frozen=True)
class SaveCheck:
    """Everybody who may log in may check: it changes nothing. Each person's oldest ones make room for new ones."""

    data: dict[str, Any]
    user: Any

    def __call__(self) -> SavedCheck:
        """Raises PermissionDenied for who is not logged in."""
        if not isinstance(self.user, User):
            raise PermissionDenied
        saved = SavedCheck.objects.create(owner=self.user, data=self.data)
        old = SavedCheck.objects.filter(owner=self.user).values_list("pk", flat=True)[SavedCheck.KEPT :]
        SavedCheck.objects.filter(pk__in=list(old)).delete()
        return saved
