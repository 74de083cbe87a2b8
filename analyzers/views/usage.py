"""Who used what: where that is known from, how it is read, and what is known of one principal."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from analyzers.actions import AddFeed, CancelReading, ReadUsage, RemoveFeed, UploadUsage
from analyzers.collect.access import DEFAULT_ROLE
from analyzers.models import (
    LastAccessedReport,
    Principal,
    SourceKind,
    UnknownEvent,
    UsageCoverage,
    UsageFeed,
    UsageFile,
    UsageReading,
)
from analyzers.usage.progress import progress
from analyzers.usage.reading import evidence
from analyzers.usage.shown import shown
from analyzers.usage.sources import upload
from findings.roles import IMPORT, require

from .credentials import external_id_field, profile_field

_Kind = UsageFeed.Kind
AGAIN = (_Kind.S3, _Kind.HISTORY, _Kind.LAKE, _Kind.ATHENA)
"""Feeds that a worker can read again."""
SHOWN = 100


class FeedForm(forms.Form):
    kind = forms.ChoiceField(
        label="Where the events are",
        choices=[(kind.value, kind.label) for kind in AGAIN],
        widget=forms.RadioSelect,
        initial=_Kind.S3.value,
    )
    location = forms.CharField(
        max_length=1000,
        help_text="s3://bucket/prefix (what stands before AWSLogs/), an account id for the event history, or "
        "database.table for Athena",
    )
    account = forms.CharField(
        label="Account of the bucket or table",
        required=False,
        max_length=12,
        help_text="If it is not the one that the credentials belong to: the role is taken on there",
    )
    profile = profile_field()
    role_name = forms.CharField(label="Role in other accounts", required=False, max_length=512, initial=DEFAULT_ROLE)
    external_id = external_id_field()
    region = forms.CharField(label="Region of the bucket or table", required=False, max_length=32)
    accounts = forms.CharField(
        label="Only these accounts", required=False, max_length=5000, help_text="Separated by commas. Empty: all"
    )
    regions = forms.CharField(
        label="Only these regions",
        required=False,
        max_length=2000,
        help_text="Separated by commas. With only some regions nothing can be taken for unused",
    )
    start_day = forms.CharField(
        label="From", required=False, max_length=10, help_text="A day, such as 2026-06-01. Empty: 400 days"
    )
    workgroup = forms.CharField(label="Workgroup of Athena", required=False, max_length=128)
    output = forms.CharField(
        label="Athena's results go to", required=False, max_length=1000, help_text="s3://…, unless the workgroup says"
    )
    complete = forms.BooleanField(
        label="It holds all management events of all regions: what is not in it was not used",
        required=False,
        help_text="Not needed where CloudTrail can be asked about the trail. If it is not so, rights that are in use "
        "are reported as unused.",
    )
    daily = forms.BooleanField(label="Read it again each day", required=False, initial=True)

    def settings(self) -> dict[str, Any]:
        """As AddFeed takes them."""
        data = self.cleaned_data
        lists = {name: [one for one in re.split(r"[\s,;]+", data[name]) if one] for name in ("accounts", "regions")}
        return {name: value for name, value in data.items() if name not in {"kind", "location"}} | lists


@require_GET
def usage(request: HttpRequest) -> HttpResponse:
    feeds = list(UsageFeed.objects.select_related("created_by").order_by("kind", "location"))
    sure = Q(regions__contains=["*"])
    covered = {
        row["feed"]: row
        for row in UsageCoverage.objects.order_by()
        .values("feed")
        .annotate(
            accounts=Count("pk"),
            whole=Count("pk", filter=sure),
            first=Min("first_day", filter=sure),
            last=Max("last_day", filter=sure),
        )
    }
    last = {row.feed_id: row for row in UsageReading.objects.order_by("feed_id", "-created_at").distinct("feed_id")}
    reports = LastAccessedReport.objects.aggregate(
        number=Count("pk"), oldest=Min("asked_at"), newest=Max("asked_at"), failed=Count("pk", filter=~Q(error=""))
    )
    unknown = UnknownEvent.objects.aggregate(number=Count("pk"), events=Sum("count"))
    context = {
        "feeds": [{"feed": feed, "covered": covered.get(feed.pk), "last": last.get(feed.pk)} for feed in feeds],
        "reports": reports,
        "unknown": unknown,
        "may_import": request.user.has_perm(IMPORT),
    }
    return render(request, "usage/overview.html", context)


@require_http_methods(["GET", "POST"])
def usage_new(request: HttpRequest) -> HttpResponse:
    require(request.user, IMPORT)
    form = FeedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            feed = AddFeed(
                request.user, form.cleaned_data["kind"], form.cleaned_data["location"].strip(), form.settings()
            )()
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            return redirect("usage-reading", pk=ReadUsage(feed, request.user)().pk)
    return render(request, "usage/new.html", {"form": form})


@require_http_methods(["GET", "POST"])
def usage_upload(request: HttpRequest) -> HttpResponse:
    require(request.user, IMPORT)
    if request.method == "POST":
        try:
            reading = UploadUsage(request.user, _sent(request))()
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("usage-upload")
        return redirect("usage-reading", pk=reading.pk)
    most = settings.USAGE_UPLOAD_BYTES // 1024**2
    return render(request, "usage/upload.html", {"most_files": upload.MOST_FILES, "most": most})


def _sent(request: HttpRequest) -> list[upload.Sent]:
    return cast("list[upload.Sent]", request.FILES.getlist("files"))


@require_GET
def usage_feed(request: HttpRequest, pk: int) -> HttpResponse:
    feed = get_object_or_404(UsageFeed.objects.select_related("created_by"), pk=pk)
    aside = UsageFile.objects.filter(feed=feed).exclude(reason="").order_by("-read_at", "name")
    context = {
        "feed": feed,
        "again": feed.kind in AGAIN,
        "readings": feed.readings.select_related("requested_by")[:20],
        "coverage": Paginator(feed.coverage.defer("seen"), SHOWN).get_page(request.GET.get("page")),
        "files": feed.files.count(),
        "aside": aside[:SHOWN],
        "aside_count": aside.count(),
        "may_import": request.user.has_perm(IMPORT),
    }
    return render(request, "usage/feed.html", context)


@require_POST
def usage_read(request: HttpRequest, pk: int) -> HttpResponse:
    feed = get_object_or_404(UsageFeed, pk=pk, kind__in=AGAIN)
    return redirect("usage-reading", pk=ReadUsage(feed, request.user)().pk)


@require_POST
def usage_remove(request: HttpRequest, pk: int) -> HttpResponse:
    feed = get_object_or_404(UsageFeed, pk=pk)
    try:
        RemoveFeed(feed, request.user, sure="sure" in request.POST)()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("usage-feed", pk=pk)
    messages.success(request, "Removed, with what was known from it alone.")
    return redirect("usage")


@require_GET
def usage_reading(request: HttpRequest, pk: int) -> HttpResponse:
    """The page, or for htmx the part of it that changes while the reading runs."""
    reading = get_object_or_404(UsageReading.objects.select_related("feed", "requested_by"), pk=pk)
    aside = UsageFile.objects.filter(feed=reading.feed, read_at__gte=reading.created_at).exclude(reason="")
    if reading.finished_at:
        aside = aside.filter(read_at__lte=reading.finished_at)
    context = {
        "reading": reading,
        "progress": progress(reading),
        "aside": aside.order_by("name")[:SHOWN],
        "aside_count": aside.count(),
        "may_import": request.user.has_perm(IMPORT),
        "again": reading.feed.kind in AGAIN,
    }
    template = "usage/_state.html" if request.headers.get("HX-Request") else "usage/reading.html"
    return render(request, template, context)


@require_POST
def usage_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    CancelReading(get_object_or_404(UsageReading, pk=pk), request.user)()
    messages.success(request, "Cancelled. What was read is kept.")
    return redirect("usage-reading", pk=pk)


@require_GET
def usage_unknown(request: HttpRequest) -> HttpResponse:
    rows = (
        UnknownEvent.objects.order_by()
        .values("event_source", "event_name")
        .annotate(number=Max("count"), first=Min("first_seen_at"), last=Max("last_seen_at"), some=Max("principals"))
        .order_by("-number", "event_source", "event_name")
    )
    page = Paginator(rows, SHOWN).get_page(request.GET.get("page"))
    return render(request, "usage/unknown.html", {"page": page})


@require_GET
def usage_principal(request: HttpRequest) -> HttpResponse:
    arn = request.GET.get("arn", "")[:2048].replace("\x00", "").strip()
    if not arn:
        return render(request, "usage/principal_search.html")
    row = Principal.objects.select_related("account").filter(arn=arn).first()
    known = evidence([arn])[arn]
    today = timezone.now().date()
    context = {
        "arn": arn,
        "principal": row,
        "known": known,
        "shown": shown(known, today),
        "report": LastAccessedReport.objects.filter(principal=arn).defer("services").first(),
        "sources": dict(SourceKind.choices),
        "deleted": row is None and bool(known.uses),
    }
    return render(request, "usage/principal.html", context)
