"""Sent after a successful import: `accounts` is the set of account ids whose inventory changed, `told_of_use` of those
whose users and roles were read with what IAM tells of their use, whether anything else changed or not."""

from __future__ import annotations

from django.dispatch import Signal

inventory_changed = Signal()
