"""Writing parts of an inventory into the tables, in batches; rows that are the same stay as they are."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from analyzers.models import (
    Account,
    ControlPolicy,
    Document,
    LastAccessedReport,
    Organization,
    OrganizationalUnit,
    Principal,
    PrincipalPolicy,
    Resource,
    ResourceDocument,
    ResourceType,
    UsageFeed,
)
from analyzers.policy import PolicyError, pretty
from analyzers.policy import arn as arns
from analyzers.usage.store import add_events
from analyzers.usage.tally import Key, Sum, Tally

CONFIGURATION = (
    "acl",
    "object_ownership",
    "public_access_block",
    "access_points",
    "grants",
    "share",
    "encrypted",
    "encryption_key",
    "role",
)

QUIET = frozenset({"last_used_at", "last_used_known", "credentials"})
"""What tells of use and not of rights: no reason to ask anything again."""

INVENTORY_FILES = "inventory files"
"""Where sums of use are from that stood in inventory files."""

REGISTRY = "registry policy"
"""The name of the second policy of a repository: that of all repositories of its account and region."""

DOCUMENTS_AT_ONCE = 200
MOST_KNOWN_DOCUMENTS = 500_000


class Store:
    """Collects what changes: `counts[kind]` and `accounts`, those with a change. `told_of_use`: the accounts whose
    users and roles were read, with what IAM tells of their use."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.accounts: set[str] = set()
        self.told_of_use: set[str] = set()
        self.seen: dict[type[models.Model], set[Any]] = {Resource: set(), Principal: set()}
        self._managed: dict[str, tuple[str, datetime | None]] = {}
        self._known_documents: set[str] = set()
        self._new_documents: list[Document] = []
        self._known_accounts: set[str] = set()

    def count(self, kind: str, what: str, number: int = 1) -> None:
        self.counts.setdefault(kind, Counter())[what] += number

    # -- documents ---------------------------------------------------------------------------------------------

    def document(self, value: Any) -> str:
        """Store a policy; its digest. Text that is no JSON object is kept as it is."""
        text = text_of(value)
        digest = Document.digest(text)
        if digest not in self._known_documents:
            self._known_documents.add(digest)
            self._new_documents.append(Document(sha256=digest, text=text))
            if len(self._new_documents) >= DOCUMENTS_AT_ONCE:
                self.write_documents()
        return digest

    def forget(self) -> None:
        """At the beginning of a transaction: what an earlier one wrote may have been undone."""
        self._known_documents.clear()
        self._new_documents.clear()
        self._known_accounts.clear()

    def write_documents(self) -> None:
        """What refers to them may be written before: the database checks at the end of the transaction. In one order,
        so that two who write the same texts do not wait for each other."""
        Document.objects.bulk_create(
            sorted(self._new_documents, key=lambda document: document.sha256), ignore_conflicts=True
        )
        self._new_documents.clear()
        if len(self._known_documents) > MOST_KNOWN_DOCUMENTS:
            self._known_documents.clear()

    # -- organization and accounts -----------------------------------------------------------------------------

    def organization(self, value: Mapping[str, Any]) -> None:
        organization = Organization(id=value["id"], management_account=value["management_account"], root=value["root"])
        self._save("organization", organization, ["management_account", "root"])
        for unit in value.get("units") or []:
            row = OrganizationalUnit(id=unit["id"], organization=organization, parent=unit["parent"], name=unit["name"])
            self._save("units", row, ["organization_id", "parent", "name"])

    def _save(self, kind: str, row: models.Model, fields: list[str]) -> bool:
        """Create or update one row; whether anything changed."""
        known = type(row)._default_manager.filter(pk=row.pk).first()
        if known is None:
            row.save(force_insert=True)
            self.count(kind, "created")
            return True
        if all(getattr(known, name) == getattr(row, name) for name in fields):
            self.count(kind, "unchanged")
            return False
        row.save(force_update=True)
        self.count(kind, "updated")
        return True

    def account(self, value: Mapping[str, Any], organization: str | None) -> None:
        inside = bool(value.get("parent"))
        row = Account(
            id=value["id"],
            name=value.get("name", ""),
            organization_id=organization if inside else None,
            parent=value.get("parent", ""),
            status=value.get("status", "ACTIVE"),
            canonical_user_id=value.get("canonical_user_id", ""),
            public_access_block=value.get("public_access_block"),
            delegated_administrator=bool(value.get("delegated_administrator")),
            tags=value.get("tags") or {},
            identity_providers=value.get("identity_providers") or [],
        )
        fields = [
            "name",
            "organization_id",
            "parent",
            "status",
            "canonical_user_id",
            "public_access_block",
            "delegated_administrator",
            "tags",
            "identity_providers",
        ]
        if self._save("accounts", row, fields):
            self.accounts.add(row.pk)
        self._known_accounts.add(row.pk)

    def account_details(self, account: str, **told: Any) -> None:
        """Some fields of an account; the others stay as they are."""
        self.ensure_account(account)
        row = Account.objects.get(pk=account)
        changed = [name for name, value in told.items() if getattr(row, name) != value]
        if changed:
            for name in changed:
                setattr(row, name, told[name])
            row.save(update_fields=changed)
            self.accounts.add(account)

    def ensure_account(self, account: str) -> None:
        """An account that only turns up as an owner."""
        if account in self._known_accounts:
            return
        _, created = Account.objects.get_or_create(pk=account)
        self._known_accounts.add(account)
        if created:
            self.count("accounts", "created")
            self.accounts.add(account)

    def control_policy(self, value: Mapping[str, Any], organization: str) -> None:
        row = ControlPolicy(
            id=value["id"],
            organization_id=organization,
            kind=value["type"],
            name=value["name"],
            aws_managed=bool(value.get("aws_managed")),
            document_id=self.document(value["document"]),
            targets=sorted(value["targets"]),
        )
        if self._save("control policies", row, ["kind", "name", "aws_managed", "document_id", "targets"]):
            self.accounts |= set(Account.objects.filter(organization=organization).values_list("pk", flat=True))

    def managed_policy(self, value: Mapping[str, Any]) -> None:
        self._managed[value["arn"]] = (self.document(value["document"]), moment(value.get("updated_at")))
        self.count("managed policies", "read")

    # -- principals --------------------------------------------------------------------------------------------

    def principals(self, values: list[Mapping[str, Any]]) -> None:
        """Also the roles among them as resources, by their trust policies."""
        rows = [self._principal(value) for value in _last_by_arn(values)]
        pks = self._upsert(
            "principals",
            Principal,
            rows,
            [
                "account_id",
                "kind",
                "name",
                "path",
                "unique_id",
                "created_at",
                "last_used_at",
                "last_used_known",
                "tags",
                "groups",
                "credentials",
            ],
        )
        self._note_reading(values, pks)
        wanted = {pks[value["arn"]]: self._attached(pks[value["arn"]], value) for value in _last_by_arn(values)}
        stale = self._replace_children(PrincipalPolicy, "principal_id", wanted, ("kind", "arn", "name", "document_id"))
        self.accounts |= set(Principal.objects.filter(pk__in=stale).values_list("account", flat=True))
        self.resources([_role_resource(value) for value in values if value["kind"] == "ROLE"], kind="roles")

    def _note_reading(self, values: list[Mapping[str, Any]], pks: Mapping[str, int]) -> None:
        """When the principals were read: now, unless they say otherwise. That alone is no change."""
        by_time: dict[datetime | None, list[int]] = {}
        now = timezone.now()
        for value in _last_by_arn(values):
            self.told_of_use.add(arns.account_of(value["arn"]))
            said = value.get("read_at")
            read_at = now if said is None else moment(said)  # not known, if it cannot be read
            by_time.setdefault(read_at and min(read_at, now), []).append(pks[value["arn"]])
        for read_at, found in by_time.items():
            Principal.objects.filter(pk__in=found).update(read_at=read_at)

    def _principal(self, value: Mapping[str, Any]) -> Principal:
        account = arns.account_of(value["arn"])
        self.ensure_account(account)
        name = value["arn"].split(":", 5)[5].partition("/")[2]
        path, _, short = ("/" + name).rpartition("/")
        return Principal(
            arn=value["arn"],
            account_id=account,
            kind=value["kind"],
            name=short,
            path=path + "/",
            unique_id=value.get("unique_id") or "",
            created_at=moment(value.get("created_at")),
            last_used_at=moment(value.get("last_used_at")),
            # A time that is not understood is not "never".
            last_used_known=bool(value.get("last_used_known"))
            and not (value.get("last_used_at") and moment(value["last_used_at"]) is None),
            tags=value.get("tags") or {},
            groups=sorted(value.get("groups") or []),
            credentials=value.get("credentials") or {},
        )

    def _attached(self, principal: int, value: Mapping[str, Any]) -> list[PrincipalPolicy]:
        kinds = PrincipalPolicy.Kind
        rows = [
            PrincipalPolicy(
                principal_id=principal,
                kind=kinds.INLINE,
                name=item["name"],
                document_id=self.document(item["document"]),
            )
            for item in value.get("inline_policies") or []
        ]
        attached = [(kinds.MANAGED, arn) for arn in value.get("managed_policies") or []]
        if value.get("permissions_boundary"):
            attached.append((kinds.BOUNDARY, value["permissions_boundary"]))
        rows += [
            PrincipalPolicy(
                principal_id=principal,
                kind=kind,
                arn=arn,
                name=arn.rsplit("/", 1)[-1],
                document_id=self._managed.get(arn, (None, None))[0],
            )
            for kind, arn in attached
        ]
        return list({(row.kind, row.arn, row.name): row for row in rows}.values())

    def attach_managed(self, account: str = "") -> None:
        """Managed policies may come after those who have them. `account`: only to its principals. When a policy was
        changed is noted as well, and is no reason to ask anything again."""
        held = PrincipalPolicy.objects.filter(principal__account=account) if account else PrincipalPolicy.objects.all()
        for arn, (digest, updated_at) in sorted(self._managed.items()):
            other = held.filter(arn=arn).exclude(document=digest) | held.filter(arn=arn, document=None)
            self.accounts |= set(other.values_list("principal__account", flat=True).distinct())
            other.update(document=digest)
            if updated_at is not None:
                held.filter(arn=arn).exclude(updated_at=updated_at).update(updated_at=updated_at)

    # -- use: no reason to ask anything again ------------------------------------------------------------------

    def last_accessed(self, values: Iterable[Mapping[str, Any]]) -> None:
        """IAM's reports. The newest of a principal is kept, also if a later attempt gave none: then its reason is
        noted."""
        told = {value["principal"]: value for value in values}
        self.told_of_use |= {arns.account_of(arn) for arn in told}
        known = {row.principal: row for row in LastAccessedReport.objects.filter(principal__in=told)}
        changed = []
        for arn, value in sorted(told.items()):
            asked_at = moment(value.get("asked_at")) if "services" in value else None
            row = known.get(arn)
            if row is None:
                row = LastAccessedReport(
                    principal=arn, account=arns.account_of(arn), asked_at=asked_at or timezone.now()
                )
            elif asked_at is not None and asked_at < row.asked_at and row.services:
                asked_at = None  # older than what is known
            error = str(value.get("error") or "")
            if asked_at is not None:
                row.asked_at, row.services = asked_at, value["services"]
                row.by_action = bool(value.get("by_action"))
            elif not error and arn in known:
                continue
            row.error = error
            changed.append(row)
        LastAccessedReport.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["principal"],
            update_fields=["asked_at", "by_action", "services", "error"],
            batch_size=500,
        )
        self.count("last-accessed reports", "read", len(told))

    def usage(self, values: Iterable[Mapping[str, Any]]) -> None:
        """Sums of use as an inventory file has them. Of two counts of a day the greater one is kept, so that the same
        file twice changes nothing."""
        feed, _ = UsageFeed.objects.get_or_create(kind=UsageFeed.Kind.UPLOAD, location=INVENTORY_FILES)
        tally = Tally()
        for value in values:
            first, last = moment(value["first_used_at"]), moment(value["last_used_at"])
            if first is None or last is None:
                continue
            key = Key(
                principal=value["principal"],
                account=arns.account_of(value["principal"]),
                action=value["action"],
                resource=value.get("resource", ""),
                region=value.get("region", ""),
                source=value.get("source", "OTHER"),
                denied=bool(value.get("denied")),
            )
            days = {date.fromisoformat(day): count for day, count in (value.get("days") or {}).items()}
            tally.add(key, Sum(first, last, days, list(value.get("sessions") or [])))
        self.told_of_use |= {key.account for key in tally.uses}
        add_events(feed, tally)
        self.count("sums of usage", "read", len(tally.uses))

    # -- resources ---------------------------------------------------------------------------------------------

    def resources(self, values: list[Mapping[str, Any]], kind: str = "resources") -> None:
        values = _last_by_arn(values)
        rows = [self._resource(value) for value in values]
        documents = {value["arn"]: self._documents(value) for value in values}
        for row in rows:
            row.input_hash = _input_hash(row, documents[row.arn])
        pks = self._upsert(
            kind,
            Resource,
            rows,
            [
                "account_id",
                "type",
                "region",
                "name",
                "created_at",
                "tags",
                "configuration",
                "error",
                "input_hash",
            ],
        )
        wanted = {
            pks[arn]: [
                ResourceDocument(resource_id=pks[arn], channel=channel, name=name, document_id=digest)
                for channel, name, digest in found
            ]
            for arn, found in documents.items()
        }
        self._replace_children(ResourceDocument, "resource_id", wanted, ("channel", "name", "document_id"))

    def _resource(self, value: Mapping[str, Any]) -> Resource:
        account = value.get("account") or arns.account_of(value["arn"])
        self.ensure_account(account)
        configuration = {name: value[name] for name in CONFIGURATION if value.get(name) is not None}
        if "access_points" in configuration:
            configuration["access_points"] = [
                {key: item for key, item in point.items() if key != "policy"} for point in value["access_points"]
            ]
        fields = value["arn"].split(":", 5)
        return Resource(
            arn=value["arn"],
            account_id=account,
            type=value["type"],
            region=value.get("region", fields[3]),
            name=value.get("name") or fields[5].rsplit("/", 1)[-1],
            created_at=moment(value.get("created_at")),
            tags=value.get("tags") or {},
            configuration=configuration,
            error=value.get("error") or "",
        )

    def _documents(self, value: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        channels = ResourceDocument.Channel
        found = []
        if value.get("policy") is not None:
            found.append((channels.POLICY.value, "", self.document(value["policy"])))
        if value.get("registry_policy") is not None:
            found.append((channels.POLICY.value, REGISTRY, self.document(value["registry_policy"])))
        for point in value.get("access_points") or []:
            if point.get("policy") is not None:
                found.append((channels.ACCESS_POINT.value, point["arn"], self.document(point["policy"])))
        return sorted(set(found))

    # -- shared ------------------------------------------------------------------------------------------------

    def _upsert(self, kind: str, model: type[Any], rows: list[Any], fields: list[str]) -> dict[str, int]:
        """Rows by ARN; the primary keys of all of them."""
        known = {row.arn: row for row in model.objects.filter(arn__in=[row.arn for row in rows])}
        fresh, changed = [], []
        for row in rows:
            old = known.get(row.arn)
            if old is None:
                fresh.append(row)
                self.accounts.add(row.account_id)
            elif different := {name for name in fields if getattr(old, name) != getattr(row, name)}:
                row.pk = old.pk
                changed.append(row)
                if different - QUIET:
                    self.accounts.add(row.account_id)
        model.objects.bulk_create(fresh, batch_size=500)
        model.objects.bulk_update(changed, fields, batch_size=500)
        self.count(kind, "created", len(fresh))
        self.count(kind, "updated", len(changed))
        self.count(kind, "unchanged", len(rows) - len(fresh) - len(changed))
        pks = {row.arn: row.pk for row in (*known.values(), *fresh)}
        self.seen[model] |= {pks[row.arn] for row in rows}
        return pks

    def _replace_children(
        self, model: type[Any], parent: str, wanted: Mapping[int, list[Any]], compared: tuple[str, ...]
    ) -> list[int]:
        """Make the children of each parent exactly these, touching only parents where they differ: which."""
        current: dict[int, set[Any]] = {key: set() for key in wanted}
        for row in model.objects.filter(**{f"{parent}__in": list(wanted)}):
            current[getattr(row, parent)].add(tuple(getattr(row, name) for name in compared))
        stale = [
            key
            for key, rows in wanted.items()
            if current[key] != {tuple(getattr(row, name) for name in compared) for row in rows}
        ]
        model.objects.filter(**{f"{parent}__in": stale}).delete()
        model.objects.bulk_create([row for key in stale for row in wanted[key]], batch_size=1000)
        return stale

    def remove_missing(self, accounts: Iterable[str], *, only_iam: bool = False) -> None:
        """Remove what complete accounts do not list any more."""
        for account in accounts:
            resources = Resource.objects.filter(account=account)
            if only_iam:
                resources = resources.filter(type=ResourceType.IAM_ROLE)
            self._remove("resources", account, Resource, resources)
            self._remove("principals", account, Principal, Principal.objects.filter(account=account))

    def remove_unlisted(self, account: str, region: str | None, types: Iterable[str], *, principals: bool) -> None:
        """Remove what one complete reading does not list any more. `region` None: wherever it is."""
        resources = Resource.objects.filter(account=account, type__in=list(types))
        self._remove("resources", account, Resource, resources if region is None else resources.filter(region=region))
        if principals:
            self._remove("principals", account, Principal, Principal.objects.filter(account=account))

    def remove_named(self, account: str, arn: str, beneath: Iterable[str]) -> None:
        """Remove one resource, or the role of that ARN, and what belongs to it, unless it was seen."""
        mine = Q(arn=arn)
        for separator in beneath:
            mine |= Q(arn__startswith=arn + separator)
        self._remove("resources", account, Resource, Resource.objects.filter(mine, account=account))
        self._remove("principals", account, Principal, Principal.objects.filter(arn=arn, account=account))

    def _remove(self, kind: str, account: str, model: type[Any], rows: Any) -> None:
        gone = sorted(set(rows.values_list("pk", flat=True)) - self.seen[model])
        for start in range(0, len(gone), 5000):
            model.objects.filter(pk__in=gone[start : start + 5000]).delete()
        if gone:
            self.count(kind, "removed", len(gone))
            self.accounts.add(account)


def text_of(value: Any) -> str:
    """The text under which a policy is stored: written out if it is an object, else as it is."""
    if isinstance(value, str):
        try:
            loaded = json.loads(value, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return value
        if not isinstance(loaded, dict):
            return value
        value = loaded
    try:
        return pretty(value)
    except PolicyError:
        return json.dumps(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Text with a key that occurs twice stays text: written out, one of the two would be lost."""
    built = dict(pairs)
    if len(built) != len(pairs):
        raise ValueError("a key occurs twice")
    return built


def _role_resource(value: Mapping[str, Any]) -> dict[str, Any]:
    resource = {"arn": value["arn"], "type": ResourceType.IAM_ROLE.value, "policy": value.get("trust_policy")}
    if value.get("trust_policy") is None:
        resource["error"] = "The trust policy of the role is not in the inventory."
    return resource | {"created_at": value.get("created_at"), "tags": value.get("tags") or {}, "region": ""}


def _last_by_arn(values: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({value["arn"]: value for value in values}.values())


def _input_hash(row: Resource, documents: list[tuple[str, str, str]]) -> str:
    said = [row.type, row.account_id, row.configuration, documents, row.error]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def moment(value: Any) -> datetime | None:
    """An ISO 8601 text as an instant; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = parse_datetime(value)
    except ValueError:
        return None
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
