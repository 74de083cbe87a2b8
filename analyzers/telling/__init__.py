"""Telling engineers where they work what the policy checks found: GitHub, GitLab, Slack, a webhook. docs/telling.md

`finding.read` takes the JSON output of `analyzer-portal … --format json`, `texts` makes the words out of it, `keeping`
holds one entry for each finding up to date on a `Shelf`, which `github`, `gitlab` and `slack` are; `webhook` sends all
at once. `patience` bounds retries. No Django; boto3 only in `bedrock`.
"""
