"""Who accounts outside are: a list of names that administrators keep."""

from __future__ import annotations

from django.db import models


class KnownAccount(models.Model):
    """An account id, a canonical user id or an identity provider with the name that people know it by.

    `trusted` is only information: a finding is a finding, whoever it is about.
    """

    class Kind(models.TextChoices):
        VENDOR = "VENDOR", "vendor"
        PARTNER = "PARTNER", "partner"
        OWN = "OWN", "our own"
        AWS = "AWS", "AWS itself"

    identifier = models.CharField(
        max_length=255, unique=True, help_text="Account id, canonical user id, or host or ARN of an identity provider"
    )
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.VENDOR)
    note = models.TextField(blank=True)
    trusted = models.BooleanField(default=False, help_text="Only information; its findings are reported all the same")
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name", "identifier"]

    def __str__(self) -> str:
        return f"{self.name} ({self.identifier})"
