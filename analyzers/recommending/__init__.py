"""Recommendations between the tables and the pages: what goes in, the limits, and how the answer is kept."""
