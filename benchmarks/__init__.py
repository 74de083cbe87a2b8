"""Commands that print ratios; results are in docs/benchmarks.md."""
