"""Checks of policies and what follows: verdicts, mends, recommendations, generated policies. Pure functions."""
