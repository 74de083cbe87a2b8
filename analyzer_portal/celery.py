"""The Celery application. Messages are wake-ups; the work itself is leased in the database."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analyzer_portal.settings")

app = Celery("analyzer_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["analyzers", "findings"])
