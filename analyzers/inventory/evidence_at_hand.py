"""What an unused access analyzer would have to judge, and by what: counted before it is created."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from analyzers.models import Account, Analyzer, LastAccessedReport, UsageCoverage
from analyzers.usage.evidence import FRESH

from .tracked import everybody, tracked


@dataclass(frozen=True)
class AtHand:
    """`principals` in the scope, `remaining` of them after exclusions; of those `reported`: with IAM's last-accessed
    report, `fresh`: with one that is new enough to judge by. `covered` of `accounts` have a trail that was read."""

    principals: int
    remaining: int
    reported: int
    fresh: int
    accounts: int
    covered: int
    first_day: date | None
    last_day: date | None

    @property
    def left_out(self) -> int:
        return self.principals - self.remaining

    @property
    def missing(self) -> int:
        return self.remaining - self.fresh

    @property
    def price(self) -> Decimal:
        """What AWS would charge a month, in USD."""
        return self.remaining * settings.AWS_PRICE_UNUSED

    @property
    def price_each(self) -> Decimal:
        return Decimal(settings.AWS_PRICE_UNUSED)

    @property
    def price_date(self) -> str:
        return str(settings.AWS_PRICES_DATE)


def at_hand(analyzer: Analyzer) -> AtHand:
    """Of an analyzer that need not be saved. Raises ValidationError for a configuration that is none."""
    remaining = tracked(analyzer)
    accounts = Account.objects.filter(
        **{"organization": analyzer.scope} if analyzer.by_organization else {"pk": analyzer.scope}
    )
    reports = LastAccessedReport.objects.filter(principal__in=remaining.values("arn"))
    covered = UsageCoverage.objects.filter(account__in=accounts.values("pk"))
    days = covered.aggregate(first=Min("first_day"), last=Max("last_day"))
    return AtHand(
        principals=everybody(analyzer).count(),
        remaining=remaining.count(),
        reported=reports.count(),
        fresh=reports.filter(asked_at__gte=timezone.now() - FRESH).count(),
        accounts=accounts.count(),
        covered=covered.values("account").distinct().count(),
        first_day=days["first"],
        last_day=days["last"],
    )
