"""Policy checks: what a policy must not do before it is deployed, and how it is mended. No Django, no AWS."""
