"""Checks of policies and what follows from them: verdicts, mends, recommendations, generated policies. Pure functions."""
