"""Checks of policies and what follows from them: recommendations and generated policies. Pure functions of values."""
