"""From what was given to what is supposed, checked against the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzers.inventory.controls import SUPPOSED_ID, Control, places
from analyzers.inventory.selection import inclusions_of
from analyzers.inventory.subjects import resources_in_scope, subject_for, subjects
from analyzers.kinds.channels import TRAITS
from analyzers.kinds.subject import Subject
from analyzers.models import Account, Analyzer, ControlPolicy, Resource
from analyzers.policy import PolicyError, parse
from analyzers.policy import arn as arns

from .configurations import LONGEST, InvalidConfiguration, applied, type_of

MOST_RESOURCES = 1
"""Of one preview, as with the service."""
MOST_TARGETS = 1_000


def subject_now(arn: str) -> Subject | None:
    """The resource as the inventory has it."""
    row = Resource.objects.filter(arn=arn).first()
    return next(subjects([row.pk])) if row is not None else None


def resources_as(
    analyzer: Analyzer, configurations: Mapping[str, Any], created: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, Subject], dict[str, Subject | None]]:
    """The resources as they would be and as they are (None: not there), by ARN. `created`: `{ARN: {type, account}}` of
    those that are new, where the ARN does not tell. Raises InvalidConfiguration."""
    if not isinstance(configurations, Mapping) or not 1 <= len(configurations) <= MOST_RESOURCES:
        raise InvalidConfiguration("", "A preview is about one resource: {ARN: configuration}.")
    after, before = {}, {}
    for arn, configuration in configurations.items():
        now = before[arn] = subject_now(arn)
        start = now if now is not None else _new(arn, configuration, created.get(arn) or {})
        _require_within(analyzer, start, is_new=now is None)
        after[arn] = applied(configuration, start)
    return after, before


def _new(arn: str, configuration: Any, told: Mapping[str, str]) -> Subject:
    fields = arns.split(arn) if len(arn) <= LONGEST else None
    if fields is None:
        raise InvalidConfiguration("", f"{arn[:100]!r} is no ARN.")
    type_ = type_of(configuration) or str(told.get("type") or "")
    if type_ not in TRAITS:
        raise InvalidConfiguration("", f"{arn[:200]} is not in the inventory. If it is new, say of which type it is.")
    account_id = str(told.get("account") or fields[4])
    if not arns.is_account(account_id):
        raise InvalidConfiguration("", f"{arn[:200]} is not in the inventory. If it is new, say in which account.")
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        raise InvalidConfiguration("", f"The inventory does not know the account {account_id}.")
    return subject_for(arn, type_, account)


def _require_within(analyzer: Analyzer, subject: Subject, *, is_new: bool) -> None:
    """The analyzer must be one that would look at the resource, or at what depends on it."""
    account = Account.objects.filter(pk=subject.account).first()
    scope = (account.organization_id if analyzer.by_organization else account.pk) if account else ""
    if scope != analyzer.scope:
        raise InvalidConfiguration("", f"The analyzer {analyzer.name} does not look at account {subject.account}.")
    if not analyzer.is_internal or subject.type in {"AWS::IAM::Role", "AWS::KMS::Key"}:
        return
    if is_new:
        chosen = any(_chooses(one, subject) for one in inclusions_of(analyzer.configuration))
    else:
        chosen = resources_in_scope(analyzer).filter(arn=subject.arn).exists()
    if not chosen:
        raise InvalidConfiguration("", f"{subject.arn[:200]} is none of the resources that {analyzer.name} looks at.")


def _chooses(criteria: Mapping[str, Any], subject: Subject) -> bool:
    """Whether an internal analyzer would look at a resource that is new: it has no tags yet."""
    wanted = (("accountIds", subject.account), ("resourceTypes", subject.type), ("resourceArns", subject.arn))
    return not criteria.get("resourceTags") and all(
        value in criteria[name] for name, value in wanted if criteria.get(name)
    )


def control_as(
    analyzer: Analyzer, *, kind: str, policy: str, text: str | None, targets: Sequence[str] | None, name: str = ""
) -> tuple[Control, Control | None]:
    """The control policy as it would be and as it is (None: not there). `kind`: a value of `ControlPolicy.Kind`;
    `policy`: the id of one that is changed, or empty for a new one; `text`, `targets`: None leaves them. Without
    targets it binds nobody. Raises InvalidConfiguration."""
    organization = organization_of(analyzer)
    if kind not in ControlPolicy.Kind.values:
        raise InvalidConfiguration("kind", f"is one of {', '.join(ControlPolicy.Kind.values)}.")
    if kind == ControlPolicy.Kind.SCP and analyzer.is_external:
        raise InvalidConfiguration(
            "analyzer",
            "Service control policies bind principals inside, and external access is about those outside: choose an "
            "analyzer of internal access.",
        )
    if analyzer.is_internal and not analyzer.by_organization:
        raise InvalidConfiguration(
            "analyzer",
            "With an account as zone of trust, control policies are not evaluated: choose an analyzer of "
            "the organization.",
        )
    now = _present(organization, kind, policy) if policy else None
    if now is None and not (text or "").strip():
        raise InvalidConfiguration("text", "A new policy needs a text.")
    if now is None and not targets:
        raise InvalidConfiguration("targets", "Say what the new policy is attached to: root, unit or account.")
    wanted = tuple(dict.fromkeys(targets)) if targets is not None else (now.targets if now else ())
    _check_targets(organization, wanted)
    said = _control_text(text, now)
    if now is None:
        return Control(SUPPOSED_ID, organization, kind, (name or "new policy")[:128], said, wanted), None
    after = now._replace(text=said, targets=wanted)
    if said != now.text and ControlPolicy.objects.filter(pk=now.id, aws_managed=True).exists():
        raise InvalidConfiguration("text", "AWS manages this policy: it can be detached, not changed.")
    _check_left(after, now)
    return after, now


def _present(organization: str, kind: str, policy: str) -> Control:
    row = ControlPolicy.objects.select_related("document").filter(pk=policy, organization=organization).first()
    if row is None or row.kind != kind:
        raise InvalidConfiguration("policy", f"The inventory has no such policy with the id {policy[:60]!r}.")
    return Control(row.pk, organization, kind, row.name, row.document.text, tuple(row.targets))


def organization_of(analyzer: Analyzer) -> str:
    """Whose control policies an analyzer may be asked about. Raises InvalidConfiguration."""
    if analyzer.by_organization:
        return analyzer.scope
    account = Account.objects.filter(pk=analyzer.scope).first()
    if account is None or account.organization_id is None:
        raise InvalidConfiguration("analyzer", "Its account is in no organization, so no control policy binds it.")
    return account.organization_id


def _control_text(text: str | None, now: Control | None) -> str:
    if text is None and now is not None:
        return now.text
    if not (text or "").strip():
        raise InvalidConfiguration("text", "A control policy has a text; to take it away, leave it without targets.")
    assert text is not None
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidConfiguration("text", "has characters that no policy can hold.")
    try:
        parse(text)
    except PolicyError as error:
        raise InvalidConfiguration("text", str(error)) from error
    return text


def _check_targets(organization: str, targets: Sequence[str]) -> None:
    known = {place for place, _ in places(organization)}
    if len(targets) > MOST_TARGETS:
        raise InvalidConfiguration("targets", f"at most {MOST_TARGETS:,} places.")
    for target in targets:
        if target not in known:
            raise InvalidConfiguration(
                "targets", f"{str(target)[:60]!r} is no root, unit or account of {organization}."
            )


def _check_left(after: Control, now: Control) -> None:
    """AWS refuses to take the last SCP from a place, and to detach RCPFullAWSAccess."""
    removed = set(now.targets) - set(after.targets)
    if not removed:
        return
    if now.kind == ControlPolicy.Kind.RCP and now.name == "RCPFullAWSAccess":
        raise InvalidConfiguration("targets", "RCPFullAWSAccess cannot be detached.")
    if now.kind != ControlPolicy.Kind.SCP:
        return
    others = ControlPolicy.objects.filter(kind=now.kind, organization=now.organization).exclude(pk=now.id)
    left = {target for targets in others.values_list("targets", flat=True) for target in targets}
    if bare := sorted(removed - left):
        raise InvalidConfiguration(
            "targets", f"It is the last service control policy at {bare[0]}, which AWS does not let you detach."
        )
