"""HTTP for programs, besides what `findings.api` lets be read."""
