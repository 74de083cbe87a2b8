"""What a principal did in a time range, by its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from analyzers import catalogue
from analyzers.checks.recommendation.inclusion import resource_within
from analyzers.checks.recommendation.resources import template_of
from analyzers.usage.evidence import Evidence, Use
from analyzers.usage.recorded import DATA_SERVICES

from .values import Doing, Needed

MOST = 50
"""Resources that an action is listed with; an action used on more is not narrowed."""
HANDING_ON = "iam:PassRole"
HANDS_A_ROLE_ON = frozenset(
    {
        "autoscaling:createautoscalinggroup",
        "batch:createcomputeenvironment",
        "cloudformation:createstack",
        "cloudformation:updatestack",
        "cloudtrail:createtrail",
        "codebuild:createproject",
        "codebuild:updateproject",
        "codepipeline:createpipeline",
        "codepipeline:updatepipeline",
        "ec2:associateiaminstanceprofile",
        "ec2:createlaunchtemplate",
        "ec2:replaceiaminstanceprofileassociation",
        "ec2:runinstances",
        "ecs:createservice",
        "ecs:registertaskdefinition",
        "ecs:runtask",
        "ecs:starttask",
        "ecs:updateservice",
        "eks:createcluster",
        "eks:createnodegroup",
        "elasticmapreduce:runjobflow",
        "events:puttargets",
        "firehose:createdeliverystream",
        "glue:createcrawler",
        "glue:createjob",
        "glue:updatejob",
        "iam:addroletoinstanceprofile",
        "lambda:createfunction",
        "lambda:updatefunctionconfiguration",
        "logs:putsubscriptionfilter",
        "rds:addroletodbcluster",
        "rds:createdbinstance",
        "s3:putreplicationconfiguration",
        "sagemaker:createmodel",
        "sagemaker:createnotebookinstance",
        "sagemaker:createtrainingjob",
        "scheduler:createschedule",
        "states:createstatemachine",
        "states:updatestatemachine",
    }
)
"""The usual ones (lower case). https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""


class Activity(NamedTuple):
    """As in `Generated`."""

    done: tuple[Doing, ...]
    services_only: tuple[str, ...]
    denied_only: tuple[str, ...]
    needed: tuple[Needed, ...]
    gaps: tuple[str, ...]


def activity(evidence: Evidence, start: datetime, end: datetime) -> Activity:
    """Attempts that were refused do not count: a policy made from them would give what nobody gave before."""
    within = [use for use in evidence.uses if _is_within(use, start, end)]
    uses: dict[str, list[Use]] = {}
    for use in within:
        if not use.denied:
            uses.setdefault(use.action.lower(), []).append(use)
    denied = {use.action.lower(): use.action for use in within if use.denied and use.action.lower() not in uses}
    done = {action: _doing(action, found) for action, found in uses.items()}
    services: set[str] = set()
    if evidence.report:
        for prefix, access in evidence.report.services.items():
            if access.last is None or access.last < start:
                continue
            for name, last in access.actions.items():
                if last is not None and start <= last <= end and name.lower() not in (done.keys() | denied.keys()):
                    done[name.lower()] = Doing(_spelled(name), (), last)
            services.add(prefix.lower())
    known = {action.partition(":")[0] for action in (*done, *denied)}
    found = tuple(sorted(done.values(), key=lambda one: one.action.lower()))
    return Activity(
        found,
        tuple(sorted(services - known)),
        tuple(sorted(denied.values())),
        tuple(_needed(found)),
        tuple(_gaps(evidence, start, end, known | services)),
    )


def _is_within(use: Use, start: datetime, end: datetime) -> bool:
    if use.last < start or use.first > end:
        return False
    return not use.days or any(start.date() <= day <= end.date() for day in use.days)


def _doing(action: str, uses: Iterable[Use]) -> Doing:
    uses = list(uses)
    resources = {use.resource for use in uses}
    template = template_of(action)
    named = bool(template) and len(resources) <= MOST and all(_is_one(resource, template) for resource in resources)
    return Doing(_spelled(uses[0].action), tuple(sorted(resources)) if named else (), max(use.last for use in uses))


def _is_one(resource: str, template: str) -> bool:
    """Whether it is an ARN of the type, with no wildcard but that for all objects of a bucket and the like."""
    plain = resource.removesuffix("/*")
    return not {"*", "?", "$"} & set(plain) and resource_within(resource, template)


@lru_cache(maxsize=4096)
def _spelled(action: str) -> str:
    known = catalogue.action(action)
    return known.full_name if known else action


def _needed(done: Iterable[Doing]) -> Iterable[Needed]:
    done = list(done)
    have = {one.action.lower() for one in done}
    for one in done:
        known = catalogue.action(one.action)
        needs = set(known.dependent if known else ())
        if one.action.lower() in HANDS_A_ROLE_ON:
            needs.add(HANDING_ON)
        for need in sorted(needs):
            if need.lower() not in have:
                yield Needed(one.action, need)


def _gaps(evidence: Evidence, start: datetime, end: datetime, used: set[str]) -> Iterable[str]:
    """Why there may be activity that is not known. `used`: services that are known to be used; without IAM's report
    others may be too."""
    if not evidence.coverage:
        yield "No trail was read for the account."
        return
    first, last = start.date(), end.date()
    whole = [
        one
        for one in evidence.coverage
        if "*" in one.regions
        and one.first_day <= first
        and one.last_day >= last
        and not any(first <= hole <= last for hole in one.holes)
    ]
    if not whole:
        yield "No trail that was read tells the whole time in all regions."
    elif not (data := frozenset[str]().union(*(one.data_events for one in whole))):
        yield "The trails do not tell of data events, such as reading objects of S3."
    elif missing := sorted((DATA_SERVICES & used if evidence.report else DATA_SERVICES) - data):
        yield f"The trails do not tell of all calls to {', '.join(missing)}."
