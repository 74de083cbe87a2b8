"""Sent after a successful import: `accounts` is the set of account ids whose inventory changed."""

from __future__ import annotations

from django.dispatch import Signal

inventory_changed = Signal()
