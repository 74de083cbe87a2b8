"""Pages about analyzers, scans and the inventory."""
