"""JSON text -> typed, immutable statements with source positions."""
