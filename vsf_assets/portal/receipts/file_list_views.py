"""The list of files that landed, by whatever way: of a feed and a day, as a cell of the calendar leads to it.

Here: the list from the snapshot, and finding the page of one file from a row of reports.files. Not here: the page of a
file (receipt_views.py), and deliveries of the portal (deliveries/).
"""

from datetime import UTC, date, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.partitioning import Days
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.owned_rows import foreign_partitions
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.receipts.ledger_entry import LedgerEntry, entries_of_feed, entry_of_file
from vsf_assets.portal.receipts.subject import deliveries_of_entries, delivery_address, subject_of_file
from vsf_assets.portal.shared.equivalents import command, curl
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.snapshots.pool import OpenSnapshot

MOST = 200
"""Files that the list shows."""


@require_safe
@login_required
@explained
def files(request: HttpRequest) -> HttpResponse:
    """Show the files of a feed that belong to a day, or lead to the page of the one whose SHA-256 is given."""
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    feed = request.GET.get("feed", "")
    if feed not in Access(request.user.account_rights).feeds:
        raise Http404
    if "sha256" in request.GET:
        return redirect(f"/deliveries/files/{_file_of_row(request, snapshot, feed).file_id}/")
    day = _day(request.GET.get("day", ""))
    by_partition = isinstance(all_feeds()[feed].partitioning, Days)
    foreign = foreign_partitions(request.user.account_rights, snapshot).get(feed, [])
    found = entries_of_feed(snapshot, feed, day, by_partition, MOST + 1, without=foreign)
    sent = deliveries_of_entries(request.user.account_rights, found[:MOST])
    context = {
        "feed": feed,
        "day": day,
        "by_partition": by_partition,
        "files": [(entry, _address(entry, sent.get(entry.file_id))) for entry in found[:MOST]],
        "has_more": len(found) > MOST,
        "held_back": sum(entry.rows_quarantined for entry in found[:MOST]),
        **_same_by(feed, day, by_partition),
    }
    return render(request, "receipts/files.html", context)


def _same_by(feed: str, day: date | None, by_partition: bool) -> dict[str, str]:
    """Return the command and the `curl` line that list the same files; the feed is one of the registry."""
    condition, parameters = f"feed = '{feed}'", [("feed", feed)]
    if day is not None and by_partition:
        condition += f" and partition_key = '{day}'"
        parameters.append(("partition_key", str(day)))
    elif day is not None:
        condition += f" and cast(landed_at as date) = date '{day}'"
        parameters += [("landed_at__min", f"{day}T00:00:00"), ("landed_at__max", f"{day}T23:59:59.999999")]
    order = f"order by landed_at desc, file_name limit {MOST}"
    parameters += [("_sort", "-landed_at"), ("limit", str(MOST))]
    return {
        "command": command("query", f"from reports.files where {condition} {order}"),
        "curl": curl("tables/reports/files", parameters),
    }


def _address(entry: LedgerEntry, sent: Delivery | None) -> str:
    return delivery_address(sent) if sent else f"/deliveries/files/{entry.file_id}/"


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongParameterError(f"{text[:40]!r} is no day; write it like 2019-05-20") from None


def _file_of_row(request: HttpRequest, snapshot: OpenSnapshot, feed: str) -> LedgerEntry:
    values: dict[str, Any] = {name: request.GET.get(name, "") for name in ("file_name", "sha256", "landed_at")}
    try:
        landed_at = datetime.fromisoformat(values["landed_at"])
    except ValueError:
        raise WrongParameterError("landed_at is no time; follow the link of a row of reports.files") from None
    entry = entry_of_file(snapshot, feed, values["file_name"], values["sha256"], landed_at.replace(tzinfo=UTC))
    if entry is None or subject_of_file(request.user.account_rights, snapshot, entry.file_id) is None:
        raise Http404  # whether another team has a file with these bytes is not said either
    return entry
