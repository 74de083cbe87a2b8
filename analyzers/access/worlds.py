"""The people of the organization (or account) around somebody or something, ready to be asked about."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from django.db import connection

from analyzers.inventory.population import population
from analyzers.inventory.subjects import subjects
from analyzers.inventory.surroundings import surroundings
from analyzers.kinds.paths.target import Level, Target, target_of
from analyzers.kinds.paths.world import World
from analyzers.kinds.policy_sets import side_of
from analyzers.models import Account, Analyzer, AnalyzerType, Principal, Resource

VERSION = 1
"""Raise it when answers change for the same inventory."""


def scope_of(account: Account) -> str:
    """The organization, or the account if it is in none."""
    return account.organization_id or account.pk


def world_of(scope: str) -> World:
    """Everybody in the scope; the last ones are kept while the inventory stays as it is."""
    return _world(scope, fingerprint(scope))


@lru_cache(maxsize=2)
def _world(scope: str, known: str) -> World:
    found = population(analyzer_for(scope))
    return World(found, surroundings(list(found.homes)))


def analyzer_for(scope: str) -> Analyzer:
    """As if there were an internal analyzer of that zone; never saved."""
    kinds = AnalyzerType
    kind = kinds.ORGANIZATION_INTERNAL_ACCESS if scope.startswith("o-") else kinds.ACCOUNT_INTERNAL_ACCESS
    return Analyzer(type=kind, scope=scope)


def target_for(resource: Resource, world: World, level: Level | None = None, actions: tuple[str, ...] = ()) -> Target:
    subject = next(subjects([resource.pk]))
    home = world.population.homes.get(resource.account_id)
    side = side_of(subject, home, resource.account.canonical_user_id)
    return target_of(side, resource.type, actions, level)


def size_of(scope: str) -> int:
    """How many users and roles are in the scope."""
    return Principal.objects.filter(account__in=_accounts(scope)).exclude(kind=Principal.Kind.GROUP).count()


def _accounts(scope: str) -> list[str]:
    if scope.startswith("o-"):
        return list(Account.objects.filter(organization=scope).values_list("pk", flat=True))
    return [scope]


_STATE = """
SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line), '')) FROM (
  SELECT concat_ws('|', arn, kind, unique_id, tags::text, groups::text) AS line
    FROM analyzers_principal WHERE account_id = ANY(%(accounts)s)
  UNION ALL SELECT concat_ws('|', principal_id, p.kind, p.arn, p.name, coalesce(document_id, '-'))
    FROM analyzers_principalpolicy p JOIN analyzers_principal o ON o.id = p.principal_id
    WHERE o.account_id = ANY(%(accounts)s)
  UNION ALL SELECT concat_ws('|', r.arn, r.input_hash, d.document_id)
    FROM analyzers_resource r LEFT JOIN analyzers_resourcedocument d ON d.resource_id = r.id
    WHERE r.account_id = ANY(%(accounts)s)
      AND r.type IN ('AWS::IAM::Role', 'AWS::Lambda::Function')
  UNION ALL SELECT concat_ws('|', id, organization_id, parent, name, public_access_block::text, canonical_user_id)
    FROM analyzers_account WHERE id = ANY(%(accounts)s)
  UNION ALL SELECT concat_ws('|', id, parent, name) FROM analyzers_organizationalunit
  UNION ALL SELECT concat_ws('|', id, kind, document_id, targets::text) FROM analyzers_controlpolicy
) AS state
"""


def fingerprint(scope: str) -> str:
    """A hash over everything in the inventory that decides about the people of the scope."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"accounts": _accounts(scope)})
        (found,) = cursor.fetchone()
    return f"{VERSION}-{found}"


def digest(*parts: object) -> str:
    """A key for the cache."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()
