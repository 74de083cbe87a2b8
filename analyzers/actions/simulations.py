"""Keep what was simulated, so that it has a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from analyzers.models import Simulation


@dataclass(frozen=True)
class SaveSimulation:
    """Everybody who may log in may simulate: it changes nothing. Each person's oldest ones make room for new ones."""

    data: dict[str, Any]
    user: Any

    def __call__(self) -> Simulation:
        """Raises PermissionDenied for who is not logged in."""
        if not isinstance(self.user, User):
            raise PermissionDenied
        saved = Simulation.objects.create(owner=self.user, data=self.data)
        old = Simulation.objects.filter(owner=self.user).values_list("pk", flat=True)[Simulation.KEPT :]
        Simulation.objects.filter(pk__in=list(old)).delete()
        return saved
