"""Tell rules the analyzer that they are for, events their rule, and findings the rule that archived them."""

from django.db import migrations

RULES = """
UPDATE findings_archiverule AS rule SET analyzer_name = analyzer.name, analyzer_type = analyzer.type
FROM analyzers_analyzer AS analyzer WHERE analyzer.id = rule.analyzer_id
"""
EVENTS = """
UPDATE findings_event AS event SET rule_id = rule.id
FROM findings_finding AS finding, findings_archiverule AS rule
WHERE event.rule_name <> '' AND finding.id = event.finding_id AND rule.analyzer_id = finding.analyzer_id
  AND rule.name = event.rule_name AND rule.created_at <= event.at
"""
FINDINGS = """
UPDATE findings_finding AS finding SET archived_by_id = last.rule_id
FROM (
  SELECT DISTINCT ON (finding_id) finding_id, rule_id FROM findings_event
  WHERE kind IN ('ARCHIVED', 'UNARCHIVED') ORDER BY finding_id, at DESC, id DESC
) AS last
WHERE last.finding_id = finding.id AND last.rule_id IS NOT NULL AND finding.status <> 'ACTIVE'
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0004_rules_outlive_analyzers")]
    operations = [migrations.RunSQL([RULES, EVENTS, FINDINGS], migrations.RunSQL.noop)]
