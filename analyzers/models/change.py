"""Messages about changes in AWS: how many came, and those that could not be used."""

from __future__ import annotations

from django.db import models


class ChangeCount(models.Model):
    """What became of the messages of a queue."""

    queue = models.CharField(max_length=500, unique=True)
    taken = models.PositiveBigIntegerField(default=0, help_text="Led to something being read again")
    ignored = models.PositiveBigIntegerField(default=0, help_text="Concern nothing that is analysed")
    set_aside = models.PositiveBigIntegerField(default=0, help_text="Could not be understood or used")
    last_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.queue


class SetAsideMessage(models.Model):
    """A message that could not be used, with the reason; the latest thousand."""

    message_id = models.CharField(max_length=128)
    reason = models.TextField()
    body = models.TextField(help_text="Its beginning")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.reason}"
