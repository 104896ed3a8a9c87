"""Home, Status and its list of deliveries, and the page of the API's documentation.

Here: what each page is made of. Not here: gathering it (the modules beside), and the state of a home
(pipeline/home_status.py).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from vsf_assets.feeds import all_feeds
from vsf_assets.pipeline.home_status import HomeStatus
from vsf_assets.portal.accounts.dagster_access import address_of_dagster
from vsf_assets.portal.accounts.rights import RAW
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import seen_source
from vsf_assets.portal.data.owned_rows import foreign_partitions, is_foreign
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.status.calendar import DAYS, calendar
from vsf_assets.portal.status.home_state import home_state
from vsf_assets.portal.status.masked_state import masked_lines
from vsf_assets.portal.status.recent_findings import recent_findings, unusual_days
from vsf_assets.portal.status.waiting_files import LandedFile, Landing, feeds_of_calendar, waiting_files
from vsf_assets.runs.run_record import FAILED, RunRecord
from vsf_assets.snapshots.pool import NoSnapshotError, OpenSnapshot

RUNS = 20
"""Runs that the page shows."""


@dataclass(frozen=True)
class SeenRun:
    """A run as an account may see it.

    Attributes:
        run: the record.
        checks: (name, what should hold, number of rows, message) of its failed checks; the message may quote values.
        error: why it failed; empty where the account may not see it.
    """

    run: RunRecord
    checks: list[tuple[str, str, int, str]]
    error: str

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.run.ended_at - self.run.started_at).total_seconds() if self.run.ended_at else None


@require_safe
@login_required
@explained
def home(request: HttpRequest) -> HttpResponse:
    """Show what an account meets first: the snapshot, what waits, and the calendar."""
    return render(request, "status/home.html", _overview(request))


@require_safe
@login_required
@explained
def status(request: HttpRequest) -> HttpResponse:
    """Show the service, what waits, the last runs and why one failed."""
    context = _overview(request)
    found: HomeStatus = context["found"]
    access: Access = context["access"]
    context["runs"] = [_seen_run(run, access) for run in found.runs[:RUNS]] if access.reads_all_feeds else []
    context["service_parts"] = sorted(found.service.parts.items()) if found.service and found.is_running else []
    failed, context["masked"] = masked_lines(access, _sees_errors(access))
    context["problems"] = [*context["problems"], *([failed] if failed else [])]
    local = found.service.url if found.service and found.is_running else ""
    context["dagster"] = address_of_dagster(access.account_rights, local)
    return render(request, "status/status.html", context)


@require_safe
@login_required
@explained
def deliveries(request: HttpRequest) -> HttpResponse:
    """Lead from a cell of the calendar to the list of its deliveries."""
    feed, day = request.GET.get("feed", ""), request.GET.get("day", "")
    access = Access(request.user.account_rights)
    on = _day(day)
    if feed not in access.feeds or on is None:
        return redirect("/data/reports/files/")
    return redirect(f"/deliveries/files/?{urlencode({'feed': feed, 'day': on.isoformat()})}")


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show the interactive documentation of the API; its files are our own."""
    return render(request, "api/docs.html")


@require_safe
def to_docs(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's form
    """Lead from the address of the original to the documentation of the API."""
    return redirect("api_docs")


def _day(text: str) -> date | None:
    """Return a date of the address; None if it is none, or so early or late that no calendar has it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 9000 else None


def _overview(request: HttpRequest) -> dict[str, Any]:
    """Return what both pages show."""
    access = Access(request.user.account_rights)
    found = home_state(settings.VSF)
    snapshot: OpenSnapshot | None
    try:
        snapshot = request.snapshot()  # type: ignore[attr-defined]
    except NoSnapshotError:
        snapshot = None
    feeds = feeds_of_calendar(access.feeds)
    today, until = datetime.now(UTC).date(), _day(request.GET.get("until", ""))
    foreign = foreign_partitions(access.account_rights, snapshot)
    landing = waiting_files(settings.VSF, snapshot)
    return {
        "access": access,
        "found": found,
        "problems": found.problems if _sees_errors(access) else _short(found),
        "waiting": _waiting(found, landing, access, foreign),
        "landing_error": landing.error if access.reads_all_feeds else "",
        "calendar": _calendar(snapshot, feeds, (today, until), foreign),
        "findings": _findings(snapshot, access, today) if snapshot else "",
        "last_files": _last_files(snapshot, access) if snapshot else [],
        "current": snapshot,
        "current_at": datetime.fromtimestamp(snapshot.published, UTC) if snapshot and snapshot.published else None,
    }


def _calendar(
    snapshot: OpenSnapshot | None, feeds: list[str], at: tuple[date, date | None], foreign: dict[str, list[str]]
) -> SafeString:
    """Return the calendar as HTML; it is kept, since each of its cells costs a template some microseconds."""

    def make() -> SafeString:
        days, rows = calendar(snapshot, feeds, *at, foreign) if snapshot and feeds else ([], [])
        context = {
            "days": days,
            "calendar": rows,
            "earlier": days[-1] - timedelta(days=1) if days else None,
            "later": days[0] + timedelta(days=DAYS) if days and days[0] < at[0] else None,
            "feeds": feeds,
        }
        return render_to_string("status/calendar.html", context)

    if snapshot is None:
        return make()
    of_others = tuple((feed, tuple(partitions)) for feed, partitions in sorted(foreign.items()))
    return snapshot.kept_as(("calendar", tuple(feeds), at, of_others), make)


def _findings(snapshot: OpenSnapshot, access: Access, today: date) -> SafeString:
    """Return what was found lately as HTML; it is kept."""
    context = {"findings": recent_findings(snapshot, access, today), "unusual": unusual_days(snapshot, access)}
    return snapshot.kept_as(
        ("findings", repr(context)),
        lambda: render_to_string("status/findings.html", {**context, "current": snapshot}),
    )


def _sees_errors(access: Access) -> bool:
    """Whether an account sees errors of runs and messages of checks, which may quote values of any feed."""
    return access.account_rights.may_on_platform(RAW) and access.may_see_personal


def _short(found: HomeStatus) -> list[str]:
    """Return the problems without messages of checks, which may quote delivered values."""
    lines = found.service_problems
    if found.build_failure:
        checks = [check.name for check in found.last_build.blocking] if found.last_build else []
        lines += [f"the last build failed{': ' + ', '.join(checks) if checks else ''}; the snapshot before it stays"]
    return lines


def _waiting(
    found: HomeStatus, landing: Landing, access: Access, foreign: dict[str, list[str]]
) -> list[tuple[str, str, int, datetime, str]]:
    settle = timedelta(seconds=settings.VSF.settle_seconds)
    return [
        (
            file.feed,
            file.path,
            file.size,
            file.landed_at,
            found.why_landed(file.feed, file.landed_at, settle, with_errors=_sees_errors(access)),
        )
        for file in landing.files
        if file.feed in access.feeds
        and not is_foreign(foreign, file.feed, _partition(file), file.path.rpartition("/")[2])
    ]


def _partition(file: LandedFile) -> str | None:
    return all_feeds()[file.feed].key_of(PurePosixPath(file.path))


def _seen_run(run: RunRecord, access: Access) -> SeenRun:
    sees = _sees_errors(access)
    checks = [(c.name, c.rule, c.rows, c.message if sees else "") for c in run.failed_checks]
    hidden = "its message may quote personal data" if run.outcome == FAILED and run.error else ""
    return SeenRun(run, checks, run.error if sees else hidden)


def _last_files(snapshot: OpenSnapshot, access: Access) -> list[dict[str, Any]]:
    table = catalog_of(snapshot).get("reports.files")
    if table is None or not access.may_read(table):
        return []
    source, values = seen_source(snapshot, table, access)
    columns = "feed, partition_key, file_name, sha256, status, rows_loaded, rows_quarantined, landed_at"
    sql = f"select {columns} from {source} order by landed_at desc, file_name limit 8"  # noqa: S608 - quoted names
    return snapshot.kept(sql, values).records()
