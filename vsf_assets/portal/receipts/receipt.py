"""What a receipt says: the answer, the balance of lines, findings, mends, and what to do next.

Here: gathering it, as an object that a page and the API show. Not here: the parts (the modules beside), addresses and
answers (receipt_views.py, api/receipt_routes.py).
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from vsf_assets.common.visible_text import visible
from vsf_assets.feeds import all_feeds
from vsf_assets.pipeline.home_status import HomeStatus
from vsf_assets.portal.accounts.rights import RAW, AccountRights
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.receipts.file_state import GONE, LANDED, TAKEN, UNKNOWN, FileState, file_state
from vsf_assets.portal.receipts.findings_of_file import (
    KindOfFinding,
    bad_lines,
    count_repeats,
    dataset_version,
    first_findings,
    kinds_of,
    reason_of_file,
    shown_lines,
)
from vsf_assets.portal.receipts.ledger_entry import (
    DUPLICATE,
    LOADED,
    UNREADABLE,
    LedgerEntry,
    first_with_content,
    partition_of_today,
)
from vsf_assets.portal.receipts.mends import READING_SECONDS, Mend, NotYetReadError, Repair, kept_keys, repair_of
from vsf_assets.portal.receipts.next_mend import mends_by_name, next_mend_name
from vsf_assets.portal.receipts.originals import original_of
from vsf_assets.portal.receipts.subject import (
    Subject,
    delivery_address,
    delivery_of_entry,
    entry_of_delivery,
    is_delivered,
    landed_name,
    mends_of,
)
from vsf_assets.portal.status.waiting_files import waiting_files
from vsf_assets.reports.bad_rows import is_additive
from vsf_assets.snapshots.pool import OpenSnapshot

COUNTING = "being counted"
"""State of a mend that is loaded and whose rows are not read yet."""


@dataclass(frozen=True)
class MendLine:
    """A delivery that mends: its name and address, where it is, and the number of rows that it mended."""

    name: str
    address: str
    state: str
    rows: int


@dataclass
class Receipt:
    """What a receipt says.

    Attributes:
        subject: the file, as the reader may see it.
        state: where it is.
        heading: the answer, as a sentence.
        anomaly: the kind of finding that is shown; empty for all.
        kinds, findings: what is wrong with it by anomaly, and the first findings.
        repair: what mends have done; None for a file without bad rows, or not in the snapshot.
        mends: the deliveries that mend it, the earliest first.
        same_as: the file whose content it repeats, with the address of its page.
        repeats: rows that repeat rows which stand, so that they count once.
        version: (dataset, number, whether complete) of the version that it belongs to.
        next_name: a free name for a file of mended rows; empty if none is needed.
        others: the deliveries that got their names together with it.
        is_deleted: whether its dataset was deleted since, and its findings with it.
        own_delivery: the delivery by which it landed, if the reader may see it.
        is_of_others: whether another team delivered it by the portal.
    """

    subject: Subject
    state: FileState
    heading: str = ""
    anomaly: str = ""
    kinds: list[KindOfFinding] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    repair: Repair | None = None
    mends: list[MendLine] = field(default_factory=list)
    same_as: tuple[str, str] | None = None
    repeats: int = 0
    version: tuple[str, int, bool] | None = None
    next_name: str = ""
    others: list[Delivery] = field(default_factory=list)
    is_deleted: bool = False
    own_delivery: Delivery | None = None
    is_of_others: bool = False

    @property
    def entry(self) -> LedgerEntry | None:
        """The snapshot's row about the file."""
        return self.subject.entry

    @property
    def seconds(self) -> float | None:
        """Seconds from its landing to the publishing of its first snapshot."""
        return self.entry.seconds_to_snapshot if self.entry else None

    @property
    def took(self) -> str:
        """How long it took from landing to the first snapshot, for people; empty where that is not known."""
        if self.seconds is None:
            return ""
        if self.seconds < 120:
            return f"{self.seconds:.1f} s"
        minutes = self.seconds / 60
        return f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"

    @property
    def open_lines(self) -> str:
        """The lines that are still open, for people."""
        return shown_lines(self.repair.open_lines) if self.repair else ""

    @property
    def menders(self) -> list[MendLine]:
        """The mends that mended rows."""
        return [mend for mend in self.mends if mend.rows]

    @property
    def is_mendable(self) -> bool:
        """Whether bad rows can be sent by themselves."""
        return bool(self.entry and self.repair and self.repair.open and is_additive(self.entry.declaration))

    @property
    def is_counting(self) -> bool:
        """Whether rows of its mends are still being counted."""
        return any(mend.state == COUNTING for mend in self.mends)

    @property
    def is_settled(self) -> bool:
        """Whether nothing changes by itself any more."""
        unsettled = (LANDED, TAKEN, Delivery.SENDING, COUNTING)
        return self.state.is_final and not any(m.state in unsettled for m in self.mends)


def receipt_of(
    subject: Subject, snapshot: OpenSnapshot | None, home: HomeStatus, rights: AccountRights, anomaly: str = ""
) -> Receipt:
    """Return the receipt of a file.

    Args:
        subject: the file, as the reader may see it.
        snapshot: the current one; None if nothing was published yet.
        home: the state of the home.
        rights: of the reader.
        anomaly: only findings of this kind are shown.
    """
    sees_errors = rights.may_on_platform(RAW) and rights.may_see_personal
    receipt = Receipt(subject, _state(subject, snapshot, home, sees_errors), anomaly=anomaly)
    entry = subject.entry
    receipt.own_delivery = subject.delivery or (delivery_of_entry(rights, entry) if entry else None)
    receipt.is_of_others = receipt.own_delivery is None and entry is not None and is_delivered(entry)
    if subject.delivery is not None and subject.delivery.group is not None:
        group = Delivery.objects.filter(group=subject.delivery.group).exclude(pk=subject.delivery.pk)
        receipt.others = list(group.order_by("path"))
    if entry is not None and snapshot is not None:
        _add_findings(receipt, entry, snapshot)
        _add_mends(receipt, entry, snapshot, rights, home)
    receipt.heading = heading_of(receipt)
    return receipt


def _state(subject: Subject, snapshot: OpenSnapshot | None, home: HomeStatus, sees_errors: bool) -> FileState:
    delivery, entry = subject.delivery, subject.entry
    if subject.file is None:
        return FileState(str(delivery.state), str(delivery.reason)) if delivery else FileState(UNKNOWN)
    position = None if entry is not None else _position(subject, snapshot)
    found = file_state(settings.VSF, subject.file, entry, home, sees_errors, position)
    if entry is not None and entry.status == UNREADABLE and snapshot is not None:
        anomaly, reason = reason_of_file(snapshot, entry, subject.access)
        return FileState(UNREADABLE, reason or anomaly, "Mend the file and send it again.")
    if entry is not None and entry.status == DUPLICATE:
        return FileState(DUPLICATE, "a file with the same bytes was loaded before, so that it adds nothing")
    return found


def _position(subject: Subject, snapshot: OpenSnapshot | None) -> int | None:
    """Return the place of a landed file among those of its family."""
    file = subject.file
    if file is None:
        return None
    family = all_feeds()[file.feed].family
    own = [
        f.path for f in waiting_files(settings.VSF, snapshot).files if f.feed and all_feeds()[f.feed].family == family
    ]
    return own.index(file.path) + 1 if file.path in own else None


def _add_findings(receipt: Receipt, entry: LedgerEntry, snapshot: OpenSnapshot) -> None:
    receipt.kinds = kinds_of(snapshot, entry)
    if receipt.anomaly not in {kind.anomaly for kind in receipt.kinds}:
        receipt.anomaly = ""
    receipt.findings = first_findings(snapshot, entry, receipt.subject.access, receipt.anomaly)
    receipt.version = dataset_version(snapshot, entry)
    receipt.is_deleted = partition_of_today(snapshot, entry) is None
    if entry.status == LOADED and receipt.kinds:
        receipt.repeats = count_repeats(snapshot, entry)


def _add_mends(
    receipt: Receipt, entry: LedgerEntry, snapshot: OpenSnapshot, rights: AccountRights, home: HomeStatus
) -> None:
    delivery = receipt.own_delivery
    if entry.status == DUPLICATE:
        first = first_with_content(snapshot, entry)
        if first is not None:
            own = delivery_of_entry(rights, first)
            receipt.same_as = (first.file_name, delivery_address(own) if own else f"/deliveries/files/{first.file_id}/")
    mends, waiting = _mends(entry, delivery, snapshot, home)
    if entry.rows_quarantined:
        receipt.repair = repair_of(entry, bad_lines(snapshot, entry), mends.values())
        counts = {found.file_id: rows for found, rows in receipt.repair.by}
    else:
        counts = {mend.entry.file_id: 0 for mend in mends.values()}
    for mend in mends.values():
        rows = counts.get(mend.entry.file_id, 0)
        if not rows and not mend.mends:
            continue  # it has the name of a mend alone
        sent = delivery_of_entry(rights, mend.entry)
        address = delivery_address(sent) if sent else f"/deliveries/files/{mend.entry.file_id}/"
        receipt.mends.append(MendLine(mend.entry.file_name, address, mend.entry.status, rows))
    receipt.mends += waiting
    if receipt.is_mendable or entry.status == UNREADABLE:
        receipt.next_name = next_mend_name(settings.VSF, snapshot, entry)


def _mends(
    entry: LedgerEntry, delivery: Delivery | None, snapshot: OpenSnapshot, home: HomeStatus
) -> tuple[dict[int, Mend], list[MendLine]]:
    """Return the mends of a file that were read, by file id, and those that are on their way or being read."""
    found: dict[int, Mend] = {}
    waiting: list[MendLine] = []
    until = time.monotonic() + READING_SECONDS
    file_of: dict[Any, int] = {delivery.pk: entry.file_id} if delivery else {}
    for sent in mends_of(delivery) if delivery else ():
        stored = entry_of_delivery(snapshot, sent)
        if stored is not None and stored.status == DUPLICATE:
            stored = first_with_content(snapshot, stored)
        if stored is None:
            state = _state_of_mend(sent, home)
            waiting.append(MendLine(str(sent.file_name), delivery_address(sent), state, 0))
            continue
        file_of[sent.pk] = stored.file_id
        if stored.file_id != entry.file_id:
            target = file_of.get(sent.mends_id, entry.file_id)
            _add_mend(found, waiting, snapshot, stored, target, until)
    for stored in mends_by_name(snapshot, entry):
        if stored.file_id not in found:
            _add_mend(found, waiting, snapshot, stored, 0, until)  # its keys alone tell what it mends
    return found, waiting


def _add_mend(
    found: dict[int, Mend],
    waiting: list[MendLine],
    snapshot: OpenSnapshot,
    stored: LedgerEntry,
    target: int,
    until: float,
) -> None:
    """Add a mend to those that were read until a moment, or to those that wait; one by its name needs keys."""
    try:
        mend = _mend(snapshot, stored, target, until)
    except NotYetReadError:
        line = MendLine(stored.file_name, f"/deliveries/files/{stored.file_id}/", COUNTING, 0)
        if line not in waiting:
            waiting.append(line)
        return
    if target or mend.keys is not None:
        found.setdefault(stored.file_id, mend)


def _state_of_mend(delivery: Delivery, home: HomeStatus) -> str:
    file = landed_name(delivery)
    return file_state(settings.VSF, file, None, home).name if file else str(delivery.state)


def _mend(snapshot: OpenSnapshot, entry: LedgerEntry, target: int, until: float) -> Mend:
    if entry.status != LOADED:
        return Mend(entry, frozenset(), None, target)
    lines = frozenset(bad_lines(snapshot, entry))
    keys = kept_keys(entry, lambda: original_of(settings.VSF, entry), until)
    return Mend(entry, lines, keys if len(lines) == entry.rows_quarantined else None, target)


def heading_of(receipt: Receipt) -> str:
    """Return the answer that a receipt gives, as a sentence."""
    name, state, entry, repair = visible(receipt.subject.name), receipt.state, receipt.entry, receipt.repair
    if entry is not None and entry.status == LOADED:
        return _heading_of_loaded(name, entry, repair)
    mended = next((m.name for m in receipt.mends if m.state == LOADED), None)
    if state.name == UNREADABLE and mended:
        return f"{name} cannot be read; {visible(mended)} came in its place"
    if state.name == TAKEN and state.reason.startswith("not published"):
        return f"{name} is loaded but {state.reason.partition(' (')[0]}"
    return {
        Delivery.SENDING: f"{name} is being sent",
        Delivery.REFUSED: f"{name} was refused",
        Delivery.CANCELED: f"{name} was canceled",
        Delivery.EXPIRED: f"{name} was not sent to its end",
        LANDED: f"{name} has landed and waits to be loaded",
        TAKEN: f"{name} is loaded and waits for the next snapshot",
        DUPLICATE: f"{name} was delivered before and adds nothing",
        UNREADABLE: f"{name} cannot be read",
        GONE: f"{name} was removed before it was loaded",
    }.get(state.name, f"Where {name} is cannot be told at the moment")


def _heading_of_loaded(name: str, entry: LedgerEntry, repair: Repair | None) -> str:
    rows = f"{entry.records:,} row{'' if entry.records == 1 else 's'}"
    if not entry.records:
        return f"{name} was loaded and holds no rows"
    if repair is None:
        return f"All {rows} of {name} were loaded" if entry.records > 1 else f"The 1 row of {name} was loaded"
    if repair.mended and not repair.open and repair.bad == 1:
        return f"The bad row of {name} is mended"
    if repair.mended and not repair.open:
        return f"{repair.bad:,} of {repair.bad:,} bad rows of {name} are mended"
    if repair.mended:
        return f"{repair.open:,} of {repair.bad:,} bad rows of {name} are still open"
    return f"{repair.bad:,} of {rows} of {name} {'was' if repair.bad == 1 else 'were'} held back"


def as_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt for programs; counts are null until a snapshot has the file."""
    subject, entry, repair = receipt.subject, receipt.entry, receipt.repair
    delivery = subject.delivery
    counts = ("lines_read", "rows_loaded", "rows_quarantined", "rows_blank", "rows_skipped", "first_snapshot")
    landed_at: datetime | None = subject.file.landed_at if subject.file else None
    found: dict[str, Any] = {
        "id": delivery.ulid if delivery else None,
        "state": receipt.state.name,
        "reason": receipt.state.reason or None,
        "advice": receipt.state.advice or None,
        "heading": receipt.heading,
        "file_name": subject.name,
        "feed": delivery.feed if delivery else (entry.feed if entry else None),
        "partition": (delivery.partition if delivery else (entry.partition_key if entry else None)) or None,
        "sha256": (delivery.sha256 if delivery else entry.sha256 if entry else None) or None,
        "bytes": delivery.size if delivery else (entry.bytes if entry else None),
        "landed_at": landed_at,
        **{name: getattr(entry, name) if entry else None for name in counts},
        "published_at": entry.published_at if entry else None,
        "seconds_to_snapshot": receipt.seconds,
        "anomalies": [{"anomaly": k.anomaly, "severity": k.severity, "records": k.records} for k in receipt.kinds],
        "mends": delivery.mends.ulid if delivery and delivery.mends else None,
        "mended_by": [vars(mend) for mend in receipt.mends],
        "is_counting": receipt.is_counting,
        "next_name": receipt.next_name or None,
        "address": subject.address,
    }
    found["repair"] = repair and {
        "bad": repair.bad,
        "mended": repair.mended,
        "open": repair.open,
        "open_lines": list(repair.open_lines[:1000]),
    }
    return found
