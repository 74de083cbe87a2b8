"""Mutation testing of the evaluator and the encoder. `make mutants`; docs/mutation-testing.md."""
