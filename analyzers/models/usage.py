"""What was used: by whom, what, when, as CloudTrail and IAM tell. Filled by `analyzers.usage`; never whole events."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class SourceKind(models.TextChoices):
    """By what the request was made."""

    CONSOLE = "CONSOLE", "Console"
    CLI = "CLI", "Command line or SDK"
    SERVICE = "SERVICE", "AWS service"
    OTHER = "OTHER", "Not told"


class UsageFeed(models.Model):
    """A place that usage is read from, again and again. Two feeds may tell of the same events: counts of a day are
    therefore kept by feed, and the greatest one counts."""

    class Kind(models.TextChoices):
        FOLDER = "FOLDER", "CloudTrail files in a folder"
        UPLOAD = "UPLOAD", "CloudTrail files, uploaded"
        S3 = "S3", "CloudTrail files in S3"
        HISTORY = "HISTORY", "CloudTrail event history"
        LAKE = "LAKE", "CloudTrail Lake export"
        ATHENA = "ATHENA", "Sums from Athena"

    kind = models.CharField(max_length=12, choices=Kind)
    location = models.TextField(help_text="Folder, s3://bucket/prefix, account id, or database.table")
    settings = models.JSONField(default=dict, blank=True, help_text="How it is read: region, role, days, ...")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["kind", "location"]
        constraints = [models.UniqueConstraint(fields=["kind", "location"], name="usage_feed_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.location}"


class UsageReading(models.Model):
    """One reading of a feed: can be followed, canceled, and goes on where it was interrupted."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        CANCELED = "CANCELED"

    feed = models.ForeignKey(UsageFeed, on_delete=models.CASCADE, related_name="readings")
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    requested_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    files_total = models.PositiveIntegerField(default=0)
    files_done = models.PositiveIntegerField(default=0, help_text="Read now, set aside or known already")
    bytes_total = models.BigIntegerField(default=0, help_text="As the files lie there, packed")
    bytes_done = models.BigIntegerField(default=0)
    events = models.BigIntegerField(default=0)
    resumed_at = models.DateTimeField(null=True, blank=True, help_text="When it was begun, or taken up again, last")
    bytes_read = models.BigIntegerField(default=0, help_text="Since then, without what was known already")
    files_read = models.PositiveIntegerField(default=0, help_text="Since then, without what was known already")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Since something was stored")
    error = models.TextField(blank=True)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["feed"],
                condition=models.Q(status__in=["PENDING", "RUNNING"]),
                name="one_open_reading_per_feed",
            )
        ]

    def __str__(self) -> str:
        return f"reading {self.pk} of {self.feed}"

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.PENDING, self.Status.RUNNING}


class UsageFile(models.Model):
    """A file (or a page of events) that was read, so that the same one twice changes nothing."""

    class Status(models.TextChoices):
        READ = "READ", "Read"
        SET_ASIDE = "SET_ASIDE", "Set aside"

    feed = models.ForeignKey(UsageFeed, on_delete=models.CASCADE, related_name="files")
    name = models.TextField(help_text="Within the feed's location")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content")
    mark = models.CharField(
        max_length=80, blank=True, help_text="ETag, or size and time of change: the same is not read again"
    )
    size = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.READ)
    reason = models.TextField(blank=True, help_text="Why it was set aside, or what of it was left out")
    events = models.PositiveIntegerField(default=0)
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["feed", "digest"], name="usage_file_once")]
        indexes = [models.Index(fields=["feed", "name"]), models.Index(fields=["feed", "status"])]

    def __str__(self) -> str:
        return self.name


class UsageCoverage(models.Model):
    """Which days of an account a feed tells in full: only there does the absence of an event say something.

    `regions`: those whose events were read; ["*"] for all. `holes`: days (ISO) within that are not covered, because a
    file of that day was set aside, or because the account has no event at all: a trail that was off looks the same.
    `data_events`: prefixes of the services whose data events are recorded. `seen`: days with events; what is read and
    not yet known to be everything is only here.
    """

    feed = models.ForeignKey(UsageFeed, on_delete=models.CASCADE, related_name="coverage")
    account = models.CharField(max_length=12)
    first_day = models.DateField()
    last_day = models.DateField()
    regions = models.JSONField(default=list)
    holes = models.JSONField(default=list)
    data_events = models.JSONField(default=list)
    seen = models.JSONField(default=list)

    class Meta:
        ordering = ["account"]
        constraints = [models.UniqueConstraint(fields=["feed", "account"], name="usage_coverage_once")]

    def __str__(self) -> str:
        return f"{self.account} {self.first_day}..{self.last_day}"


class Usage(models.Model):
    """The use of one action by one principal, of one resource where the events name it.

    `principal`: ARN of the user, role or root user; sessions are folded into their role. `action`: in the spelling of
    the catalogue, `s3:ListAllMyBuckets`. `resource`: ARN, or empty; objects are folded into `arn:aws:s3:::bucket/*`.
    `denied`: attempts that were refused. `days`: {ISO day: count} for 400 days.
    """

    feed = models.ForeignKey(UsageFeed, on_delete=models.CASCADE, related_name="usage")
    principal = models.TextField()
    account = models.CharField(max_length=12, help_text="The principal's")
    action = models.TextField()
    resource = models.TextField(blank=True)
    region = models.CharField(max_length=32, blank=True)
    source = models.CharField(max_length=8, choices=SourceKind, default=SourceKind.OTHER)
    denied = models.BooleanField(default=False)
    first_used_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    days = models.JSONField(default=dict)
    sessions = ArrayField(models.TextField(), default=list, help_text="A few session names, as samples")

    class Meta:
        ordering = ["principal", "action", "resource"]
        constraints = [
            models.UniqueConstraint(
                fields=["feed", "principal", "action", "resource", "region", "source", "denied"], name="usage_once"
            )
        ]
        indexes = [models.Index(fields=["principal", "action"]), models.Index(fields=["account"])]

    def __str__(self) -> str:
        return f"{self.principal} {self.action}"


class UnknownEvent(models.Model):
    """Events that no action is known for: counted, never dropped in silence."""

    feed = models.ForeignKey(UsageFeed, on_delete=models.CASCADE, related_name="unknown_events")
    event_source = models.TextField()
    event_name = models.TextField()
    count = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    principals = ArrayField(models.TextField(), default=list, help_text="A few, as samples")

    class Meta:
        ordering = ["-count"]
        constraints = [
            models.UniqueConstraint(fields=["feed", "event_source", "event_name"], name="unknown_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.event_source} {self.event_name}"


class LastAccessedReport(models.Model):
    """IAM's last-accessed report about one principal, the newest.

    `services`: [{service: prefix, last_accessed: instant | null, region, actions: [{action: name, last_accessed}]}]:
    all services that the principal's policies allow; `actions` are those that IAM tracks, if asked at action level.
    Null: no attempt in the 400 days before `asked_at`, less four hours.
    """

    principal = models.TextField(unique=True, help_text="ARN")
    account = models.CharField(max_length=12)
    asked_at = models.DateTimeField(help_text="When IAM completed the report")
    by_action = models.BooleanField(default=False, help_text="Asked at action level")
    services = models.JSONField(default=list)
    error = models.TextField(blank=True, help_text="Why the last attempt gave no report; the one before is kept")

    class Meta:
        ordering = ["principal"]
        indexes = [models.Index(fields=["account"])]

    def __str__(self) -> str:
        return self.principal
