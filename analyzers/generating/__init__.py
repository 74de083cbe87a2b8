"""Policies from activity between the tables and the pages: what goes in, the job, and how the answer is kept."""
