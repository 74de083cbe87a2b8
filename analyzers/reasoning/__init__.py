"""Statements -> formula -> verdict, witness, blockers. Knows nothing of Django."""
