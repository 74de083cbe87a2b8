"""Policy checks of pipelines: what they send, what is checked here for them, and which guardrails hold for whom."""
