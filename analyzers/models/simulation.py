"""Simulations that people have run, for their permanent links."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models


def new_key() -> str:
    return secrets.token_urlsafe(12)


class Simulation(models.Model):
    """What was asked, as a line of `simulate`. It is decided anew whenever it is shown."""

    KEPT = 200
    """Of each person; older ones go."""

    key = models.CharField(max_length=24, primary_key=True, default=new_key)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="simulations")
    created_at = models.DateTimeField(auto_now_add=True)
    data = models.JSONField(help_text="{policies, request}, documents as texts")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.data['request'].get('principal')} {self.data['request'].get('action')}"
