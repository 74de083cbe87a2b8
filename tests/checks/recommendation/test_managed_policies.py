"""A seeded sample of AWS's managed policies with random use. All of them: `python -m benchmarks.recommendation`."""

from __future__ import annotations

import random

from analyzers.checks.recommendation import Held, Kind, StepAction, recommend
from analyzers.checks.recommendation.downloads import as_cli, as_json
from analyzers.checks.recommendation.side_by_side import rows
from analyzers.policy import pretty
from benchmarks.recommendation import NAMED, NOW, SINCE, cases
from tests.shared import data


def test_managed_policies_are_narrowed_with_proof_and_stay_as_they_then_are() -> None:
    documents = data("aws_managed_policies.json.gz")
    names = sorted({*random.Random(5).sample(sorted(documents), 56), *NAMED})
    proven = 0
    for number, (name, held, evidence) in enumerate(cases(names, documents, 5)):
        resources = number % 2 == 1
        found = recommend([held], evidence, since=SINCE, now=NOW, resources=resources, seconds=30)
        assert not found.refused, name
        proven += found.proved
        if not found.proved:
            continue
        created = [step for step in found.steps if step.action is StepAction.CREATE_POLICY]
        again = [
            Held(step.name, f"arn:aws:iam::111122223333:policy/{step.name}", Kind.MANAGED, step.text)
            for step in created
        ]
        assert recommend(again, evidence, since=SINCE, now=NOW, resources=resources, seconds=30).unchanged, name
        assert as_json(found)
        assert as_cli(found)
        shown = rows(held.text, [step.text for step in created], found.steps[0].changes)
        assert [row.old for row in shown if row.old_number] == pretty(documents[name]).splitlines(), name
    assert proven > 40
