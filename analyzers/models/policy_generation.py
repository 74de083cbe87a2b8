"""Policies written from what a principal did: jobs, as the Access Analyzer API has them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models

PATIENCE = timedelta(minutes=6)
"""After which a job that nobody finished is given up: longer than a worker may take."""


class PolicyGeneration(models.Model):
    """`error_code`: `JobErrorCode` of the API. `result`: what the pages show, see
    `analyzers.generating.shown`."""

    class Status(models.TextChoices):
        IN_PROGRESS = "IN_PROGRESS", "Being computed"
        SUCCEEDED = "SUCCEEDED", "Proven"
        FAILED = "FAILED", "None"
        CANCELED = "CANCELED", "Cancelled"

    class ErrorCode(models.TextChoices):
        AUTHORIZATION = "AUTHORIZATION_ERROR"
        NOT_FOUND = "RESOURCE_NOT_FOUND_ERROR"
        QUOTA = "SERVICE_QUOTA_EXCEEDED_ERROR"
        SERVICE = "SERVICE_ERROR"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    principal = models.TextField(help_text="ARN of a user or role")
    since = models.DateTimeField()
    until = models.DateTimeField()
    guardrail = models.TextField(blank=True, help_text="A policy that the generated one must stay within")
    status = models.CharField(max_length=12, choices=Status, default=Status.IN_PROGRESS)
    error_code = models.CharField(max_length=32, choices=ErrorCode, blank=True)
    error_message = models.TextField(blank=True)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ["-started_at", "id"]
        indexes = [
            models.Index(fields=["-started_at", "id"], name="generation_newest"),
            models.Index(fields=["principal", "-started_at"], name="generation_of_principal"),
            models.Index(fields=["requested_by", "-started_at"], name="generation_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.principal} ({self.status})"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.IN_PROGRESS
