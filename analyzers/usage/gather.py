"""Records to sums, record by record, in memory that does not grow with their number.

What a record says but for its moment and its resource is looked up in a plan, which many records share: by whom, what,
where, how, refused or not. Moments stay text until the end, since those of CloudTrail sort as they are.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache

from msgspec.structs import astuple

from .actions import actions_of
from .callers import Caller, Nobody, caller, made_by, refused
from .named import (
    NO_PARAMETERS,
    Decode,
    Parameters,
    Place,
    Wanted,
    by_parameters,
    decoder_of,
    listed,
    spelled_for_version,
    wanted,
)
from .records import ABSENT, Identity, Record, unwrapped
from .special_events import IN_OLD_VERSION
from .tally import MOST_RESOURCES, SAMPLES, Key, NotALog, Seen, Sum, Tally

MOST_SUMS = 200_000
"""Sums of one file. It bounds the memory where names are made up, or a file tells of very many accounts."""
MOST_DAYS = 1_500_000
"""Days of all sums of one file together, looked at after each `_LOOK` records."""
_LOOK = 50_000
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
_DOMAIN = ".amazonaws.com"
_NO_IDENTITY = Identity()
_LONGEST = 4096
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
        if not _NAME.fullmatch(name):
            return
        insort(self.samples, name)
        del self.samples[SAMPLES:]
        if len(self.samples) == SAMPLES:
            self.most = self.samples[-1]

    def closed(self) -> Sum:
        days = {_day(day): count for day, count in self.days.items()}
        return Sum(datetime.fromisoformat(self.first), datetime.fromisoformat(self.last), days, list(self.samples))


@dataclass(slots=True)
class _Plan:
    """`sums` that each record adds to, and for actions with resources what to look for. `odd`: why such records are
    malformed. `days`: those of the recipient account. `of_session`: the caller's ARN ends in the name of a session."""

    sums: tuple[_Open, ...]
    days: set[str]
    asks: tuple[_Ask, ...] = ()
    odd: str = ""
    of_session: bool = False


@dataclass(slots=True)
class _Ask:
    """`want`: None if the action has no resources; `by_values`: sums by the values of the parameters."""

    decode: Decode | None
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
        self._events = self._odd = self._looked = 0

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
            who = record.identity or _NO_IDENTITY
            session, arn = who.session, who.arn
            issuer = session.issuer.arn if session is not None and session.issuer is not None else None
            text = (
                issuer or arn,
                record.source,
                record.name,
                record.agent,
                record.error,
                record.region,
                record.recipient,
                record.type,
                who.type,
                who.invoked_by,
                issuer is None,
                record.from_console,
                record.address is not None and record.address.endswith(_DOMAIN),
            )
            plan = plans.get(text) or self._planned(text, record, issuer)
            sums = plan.sums
            if not sums:
                if plan.odd:
                    self.malformed(plan.odd)
                    continue
                for ask in plan.asks:
                    values: Parameters = ()
                    if ask.decode is not None:
                        try:
                            told = ask.decode(record.parameters)
                        except NO_PARAMETERS:
                            told = None
                        if told is not None:
                            values = astuple(told)
                    sums += ask.by_values.get(values) or self._opened(ask, values, record)
            self._events += 1
            plan.days.add(day)
            name = arn[arn.rfind("/") + 1 :] if plan.of_session and arn is not None else ""
            for found in sums:
                if name and name < found.most and name not in found.samples:
                    found.sample(name)
                if time < found.first:
                    found.first = time
                if time > found.last:
                    found.last = time
                counts = found.days
                counts[day] = counts.get(day, 0) + 1
        if self._events - self._looked > _LOOK:
            self._look()

    def tally(self) -> Tally:
        """The sums. The gathering is of no use after that: it gives its memory away sum by sum."""
        self._plans.clear()
        uses = {}
        while self._uses:
            key, summed = self._uses.popitem()
            if summed.days:
                uses[key] = summed.closed()
        told = Tally(
            uses=uses,
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

    def _look(self) -> None:
        self._looked = self._events
        if sum([len(one.days) for one in self._uses.values()]) + sum(map(len, self._days.values())) > MOST_DAYS:
            raise NotALog("It tells of too many uses on too many days; split it.")

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

    def _planned(self, text: tuple[object, ...], record: Record, issuer: str | None) -> _Plan:
        """The plan for such a record, remembered by its text, unless that is long."""
        who = record.identity or _NO_IDENTITY
        by_service = who.invoked_by is not None or text[-1] is True
        kind = made_by((record.agent or "")[:1024], by_service, record.from_console == "true")
        called = caller(who.type, who.arn, issuer, who.invoked_by)
        plan = self._plan(record, called, kind, denied=refused(record.error))
        plan.of_session = isinstance(called, Caller) and bool(called.session)
        if not plan.odd and sum([len(part) for part in text if isinstance(part, str)]) <= _LONGEST:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[text] = plan
        return plan

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
            _Ask(decoder_of(key.action.partition(":")[0]), want, key, place, key.action in IN_OLD_VERSION)
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
            insort(found.samples, principal)
            del found.samples[SAMPLES:]
        return found


@cache
def _clocks() -> frozenset[str]:
    """The seconds of a day, as they stand in a moment."""
    return frozenset(f"T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z" for second in range(86_400))


@lru_cache(maxsize=1 << 10)
def _day(text: str) -> date:
    return date.fromisoformat(text)
