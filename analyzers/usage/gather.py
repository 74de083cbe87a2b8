"""Records to sums, record by record, in memory that does not grow with their number.

What a record says but for its moment and its resource is looked up in a plan, which many records share: by whom, what,
where, how, refused or not. Moments stay text until the end, since those of CloudTrail sort as they are.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache

from .actions import actions_of
from .callers import Caller, Nobody, caller_of, kind_of, refused
from .named import Parameters, Place, Wanted, by_parameters, listed, spelled_for_version, values_of, wanted
from .records import ABSENT, Record, unwrapped
from .special_events import IN_OLD_VERSION
from .tally import MOST_RESOURCES, SAMPLES, Key, NotALog, Seen, Sum, Tally

MOST_SUMS = 250_000
"""Sums of one file. It bounds the memory where names are made up."""
MOST_UNKNOWN = 20_000
MOST_ACCOUNTS = 20_000
MOST_ODD = 20_000
"""Odd records that are borne, if there are hardly any others: it bounds the time that a file of nothing takes."""
_PLANS = 1 << 16

_BEGIN = date(2013, 1, 1)
"""CloudTrail began in that year."""

SIGNING_IN = "signing in, and calls that need no permission"
OF_SERVICES = "events of AWS services that nobody called"
AT_ENDPOINTS = "network events of VPC endpoints, which tell of calls that have events of their own"
INSIGHTS = "Insights"
_OTHER_TYPES = {
    "AwsConsoleSignIn": SIGNING_IN,
    "AwsServiceEvent": OF_SERVICES,
    "AwsVpceEvent": AT_ENDPOINTS,
    "AwsCloudTrailInsight": INSIGHTS,
}

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|\+00:00| UTC)?", re.ASCII)
_NAME = re.compile(r"[!-~]{1,128}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_LONGEST = 2048
_LAST = "\x7f"
"""Sorts behind all names and moments."""
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


class _Open:
    """A sum that still grows."""

    __slots__ = ("days", "first", "last", "most", "samples")

    def __init__(self, most: str = "") -> None:
        self.first, self.last, self.most = _LAST, "", most
        self.days: dict[str, int] = {}
        self.samples: list[str] = []

    def sample(self, name: str) -> None:
        """Keeps the first names, in their order; `most` is where names begin that need not be looked at."""
        insort(self.samples, name)
        del self.samples[SAMPLES:]
        if self.most and len(self.samples) == SAMPLES:
            self.most = self.samples[-1]

    def closed(self) -> Sum:
        days = {_day(day): count for day, count in self.days.items()}
        return Sum(datetime.fromisoformat(self.first), datetime.fromisoformat(self.last), days, list(self.samples))


@dataclass(slots=True)
class _Plan:
    """`sums` that each record adds to, and for actions with resources what to look for. `odd`: why such records are
    malformed. `days`: those of the recipient account."""

    sums: tuple[_Open, ...]
    days: set[str]
    asks: tuple[_Ask, ...] = ()
    odd: str = ""


@dataclass(slots=True)
class _Ask:
    """`want`: None if the action has no resources; `by_values`: sums by the values of the parameters."""

    values_of: Callable[[Record], Parameters]
    want: Wanted | None
    key: Key
    place: Place
    versions: bool
    by_values: dict[Parameters, tuple[_Open, ...]] = field(default_factory=dict)


class Gathering:
    """`until`: records of a later day are malformed, as nothing was used then."""

    def __init__(self, until: datetime | None = None) -> None:
        self._until = (until or datetime.now(UTC) + timedelta(days=1)).date()
        self._uses: dict[Key, _Open] = {}
        self._unknown: dict[tuple[str, str], _Open] = {}
        self._ignored: dict[str, _Open] = {}
        self._days: dict[str, set[str]] = {}
        self._plans: dict[tuple[object, ...], _Plan] = {}
        self._known_days: set[str] = set()
        self._resources: dict[tuple[str, str], set[str]] = {}
        self._crowded: set[tuple[str, str]] = set()
        self._reasons: Counter[str] = Counter()
        self._events = self._odd = 0

    def malformed(self, why: str) -> None:
        """One record that could not be read."""
        self._events += 1
        self._odd += 1
        self._reasons[why] += 1
        if self._odd > MOST_ODD and self._odd > 0.9 * self._events:
            raise NotALog("Hardly anything in it is a record of CloudTrail.")

    def add(self, records: Iterable[Record]) -> None:
        plans, known_days, clocks = self._plans, self._known_days, _clocks()
        for record in records:
            if record.name is None and (record.wrapped is not ABSENT or record.text is not None):
                try:
                    record = unwrapped(record)
                except (ValueError, RecursionError):
                    self.malformed("not the form of a record")
                    continue
            time = record.time or ""
            day = time[:10]
            if day not in known_days or time[10:] not in clocks:
                time = self._moment(time)
                if not time:
                    self.malformed("no valid time")
                    continue
                day = time[:10]
            called = caller_of(record)
            kind = kind_of(record)
            denied = record.error is not None and refused(record.error)
            key = (called[0], record.source, record.name, record.region, record.recipient, record.type, kind, denied)
            plan = plans.get(key)
            if plan is None:
                plan = self._plan(record, called, kind, denied)
                if not plan.odd:
                    if len(plans) >= _PLANS:
                        plans.clear()
                    plans[key] = plan
            sums = plan.sums
            if not sums:
                if plan.odd:
                    self.malformed(plan.odd)
                    continue
                for ask in plan.asks:
                    values = ask.values_of(record)
                    sums += ask.by_values.get(values) or self._opened(ask, values, record)
            self._events += 1
            plan.days.add(day)
            name = called[2] if len(called) > 2 else ""
            for found in sums:
                if name and name < found.most and name not in found.samples:
                    found.sample(name)
                if time < found.first:
                    found.first = time
                if time > found.last:
                    found.last = time
                counts = found.days
                counts[day] = counts.get(day, 0) + 1

    def tally(self) -> Tally:
        """The sums so far."""
        told = Tally(
            uses={key: found.closed() for key, found in self._uses.items() if found.days},
            events=self._events,
            malformed=self._reasons.total(),
            reasons=Counter(self._reasons),
            ignored=Counter({why: sum(found.days.values()) for why, found in self._ignored.items() if found.days}),
            days={
                account: {date.fromisoformat(day) for day in days}
                for account, days in self._days.items()
                if account and days
            },
            crowded=set(self._crowded),
        )
        for event, found in self._unknown.items():
            if found.days:
                one = found.closed()
                told.unknown[event] = Seen(sum(one.days.values()), one.first, one.last, one.sessions)
        return told

    @property
    def only_insights(self) -> bool:
        return bool(self._events) and set(self._ignored) == {INSIGHTS} and not self._uses and not self._unknown

    def _moment(self, time: str | None) -> str:
        """The moment as `YYYY-MM-DDThh:mm:ssZ`; empty if it is none."""
        match = _MOMENT.fullmatch(time or "")
        if match is None:
            return ""
        day, clock = match[1], f"T{match[2]}Z"
        if clock not in _clocks():
            return ""
        if day not in self._known_days:
            try:
                if not _BEGIN <= date.fromisoformat(day) <= self._until:
                    return ""
            except ValueError:
                return ""
            self._known_days.add(day)
        return day + clock

    def _plan(self, record: Record, who: Caller | Nobody, kind: str, denied: bool) -> _Plan:
        recipient = record.recipient if record.recipient and _ACCOUNT.fullmatch(record.recipient) else ""
        days = self._days.setdefault(recipient, set())
        if len(self._days) > MOST_ACCOUNTS:
            raise NotALog(f"It tells of more than {MOST_ACCOUNTS:,} accounts.")
        source, name = record.source or "", record.name or ""
        if not _NAME.fullmatch(source) or not _NAME.fullmatch(name):
            return _Plan((), days, odd="no event is named")
        if any(len(one or "") > _LONGEST for one in (record.region, record.recipient, record.type)):
            return _Plan((), days, odd="not the form of a record")
        if other := _OTHER_TYPES.get(record.type or ""):
            return _Plan((self._counted(other),), days)
        actions = actions_of(source, name)
        if isinstance(who, Nobody) and not who.odd:
            return _Plan((self._counted(who.why),), days)
        if actions == ():
            return _Plan((self._counted(SIGNING_IN),), days)
        if isinstance(who, Nobody):
            return _Plan((), days, odd=who.why)
        if actions is None:
            return _Plan((self._not_known(source, name, who.principal),), days)
        region = record.region if record.region and _REGION.fullmatch(record.region) else ""
        place = Place(who.principal.split(":", 2)[1], region, recipient or who.account)
        keys = [Key(who.principal, who.account, action, "", region, kind, denied) for action in actions]
        wants = [wanted(key.action) for key in keys]
        if not any(wants):
            return _Plan(tuple(map(self._sum, keys)), days)
        asks = tuple(
            _Ask(values_of(key.action.partition(":")[0]), want, key, place, key.action in IN_OLD_VERSION)
            for key, want in zip(keys, wants, strict=True)
        )
        return _Plan((), days, asks)

    def _opened(self, ask: _Ask, values: Parameters, record: Record) -> tuple[_Open, ...]:
        """Remembered if nothing but the parameters was looked at."""
        key, want = ask.key, ask.want
        action = spelled_for_version(key.action, values) if ask.versions else key.action
        short = sum([len(value) for value in values if value is not None]) <= _LONGEST
        named = by_parameters(values, want, ask.place) if want is not None and short else ()
        lasting = short and (bool(named) or want is None or record.resources is None)
        if want is not None and not named and record.resources is not None:
            named = listed(record, want)
        found = tuple([self._sum(self._named(key, action, name)) for name in named or ("",)])
        if lasting and len(ask.by_values) < MOST_RESOURCES:
            ask.by_values[values] = found
        return found

    def _named(self, key: Key, action: str, resource: str) -> Key:
        """With the resource, unless the principal and the action have too many."""
        pair = key.principal, action
        if resource and pair not in self._crowded:
            known = self._resources.setdefault(pair, set())
            known.add(resource)
            if len(known) > MOST_RESOURCES:
                self._crowded.add(pair)
                del self._resources[pair]
                resource = ""
        elif resource:
            resource = ""
        return Key(key.principal, key.account, action, resource, key.region, key.source, key.denied)

    def _sum(self, key: Key) -> _Open:
        found = self._uses.get(key)
        if found is None:
            if len(self._uses) >= MOST_SUMS:
                raise NotALog(f"It tells of more than {MOST_SUMS:,} different uses; split it.")
            found = self._uses[key] = _Open(most=_LAST)
        return found

    def _counted(self, why: str) -> _Open:
        return self._ignored.setdefault(why, _Open())

    def _not_known(self, source: str, name: str, principal: str) -> _Open:
        found = self._unknown.setdefault((source, name), _Open())
        if len(self._unknown) > MOST_UNKNOWN:
            raise NotALog(f"It tells of more than {MOST_UNKNOWN:,} kinds of events that nobody knows.")
        if principal not in found.samples:
            found.sample(principal)
        return found


@cache
def _clocks() -> frozenset[str]:
    """The seconds of a day, as they stand in a moment."""
    return frozenset(f"T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z" for second in range(86_400))


@lru_cache(maxsize=1 << 10)
def _day(text: str) -> date:
    return date.fromisoformat(text)
