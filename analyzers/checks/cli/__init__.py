"""The command `analyzer-portal`: policy checks for pipelines and laptops, without database or services."""
