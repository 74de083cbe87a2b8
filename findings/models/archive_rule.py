"""A rule that archives what an analyzer finds, so that expected access does not need a decision each time."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.db import models

from analyzers.models import Analyzer


class ArchiveRule(models.Model):
    """`filter` is a FilterCriteriaMap of the API: {property: {eq|neq|contains: [values], exists: bool}}.

    Criteria are ANDed; values of one operator are ORed. A rule outlives its analyzer: it then has none, but still the
    name and type of the one that it was for.
    """

    analyzer = models.ForeignKey(
        Analyzer, null=True, blank=True, on_delete=models.SET_NULL, related_name="archive_rules"
    )
    analyzer_name = models.CharField(max_length=255, editable=False, db_index=True)
    analyzer_type = models.CharField(max_length=32, editable=False)
    name = models.CharField(
        max_length=255,
        validators=[RegexValidator(r"^[A-Za-z][A-Za-z0-9_.-]*\Z", "A letter, then letters, digits, _ . -")],
    )
    filter = models.JSONField()
    reason = models.TextField(blank=True, help_text="Why this access is expected")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["analyzer", "name"], name="archive_rule_once")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.analyzer is not None:
            self.analyzer_name, self.analyzer_type = self.analyzer.name, self.analyzer.type
        super().save(*args, **kwargs)

    @property
    def is_kept(self) -> bool:
        """Whether its analyzer is deleted, so that it archives nothing."""
        return self.analyzer_id is None
