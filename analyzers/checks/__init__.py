"""Checks of policies, and what is made out of their answers."""
