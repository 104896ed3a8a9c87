"""The file that a receipt is about, as somebody may see it.

Here: finding a delivery of the portal, or a file that landed by another way, with the reader's rights to its texts. Not
here: what the receipt says (receipt.py).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from django.db.models import Q, QuerySet

from vsf_assets.portal.accounts.rights import DELIVER, RAW, READ, AccountRights
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.owned_rows import foreign_partitions, is_foreign
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.receipts.file_state import LandedName
from vsf_assets.portal.receipts.ledger_entry import CLOCKS_DIFFER, LedgerEntry, entry_of_file, entry_of_id
from vsf_assets.snapshots.pool import OpenSnapshot


@dataclass(frozen=True)
class Subject:
    """What a receipt is about.

    Attributes:
        delivery: the delivery of the portal; None if the file landed by another way, or belongs to another team.
        file: the file as it landed; None while it is not complete.
        entry: the snapshot's row about it; None while no snapshot has it.
        access: what the reader may see; of a file of an own team also its texts.
        sees_texts: whether texts that quote the file are shown.
    """

    delivery: Delivery | None
    file: LandedName | None
    entry: LedgerEntry | None
    access: Access
    sees_texts: bool

    @property
    def name(self) -> str:
        """Name of the file, as its sender calls it."""
        if self.delivery is not None:
            return str(self.delivery.file_name)
        return self.entry.file_name if self.entry else ""

    @property
    def address(self) -> str:
        """Address of its page."""
        if self.delivery is not None:
            return delivery_address(self.delivery)
        return f"/deliveries/files/{self.entry.file_id}/" if self.entry else ""


def delivery_address(delivery: Delivery) -> str:
    """Return the address of a delivery's receipt."""
    return f"/deliveries/{delivery.ulid}/"


def subject_of_delivery(rights: AccountRights, snapshot: OpenSnapshot | None, delivery: uuid.UUID) -> Subject | None:
    """Return what a delivery's receipt is about; None if there is none, or it may not be seen."""
    found = _visible(rights).filter(pk=delivery).first()
    if found is None:
        return None
    file = landed_name(found)
    entry = _entry(snapshot, file) if snapshot and file else None
    is_own = any(team.team == found.team_id and team.rights & {READ, DELIVER} for team in rights.teams)
    return _subject(found, file, entry, rights, is_own)


def subject_of_file(rights: AccountRights, snapshot: OpenSnapshot, file_id: int) -> Subject | None:
    """Return what the page of a file in the ledger is about; None if there is none, or it may not be seen."""
    entry = entry_of_id(snapshot, file_id)
    if entry is None:
        return None
    access = Access(rights)
    foreign = foreign_partitions(rights, snapshot)
    if is_foreign(foreign, entry.feed, entry.partition_key, entry.file_name):
        return None  # also with bytes that an own team delivered: they tell its texts, not whose file this is
    is_own = entry.sha256 in access.delivered
    if not is_own and entry.feed not in access.feeds:
        return None
    path = "/".join(part for part in (entry.feed, entry.partition_key, entry.file_name) if part)
    file = LandedName(entry.feed, entry.partition_key or "", path, entry.sha256, entry.landed_at)
    return _subject(None, file, entry, rights, is_own)


def _visible(rights: AccountRights) -> "QuerySet[Delivery]":
    """Return the deliveries whose receipts may be seen: of the own teams, and to engineers of the platform all."""
    found = Delivery.objects.select_related("team", "account", "mends")
    if rights.may_on_platform(RAW):
        return found
    return found.filter(team__in=[team.team for team in rights.teams if team.rights & {READ, DELIVER}])


def _subject(
    delivery: Delivery | None, file: LandedName | None, entry: LedgerEntry | None, rights: AccountRights, is_own: bool
) -> Subject:
    access = Access(rights)
    if is_own:
        access = access.to_own_texts()
    return Subject(delivery, file, entry, access, is_own or rights.may_see_personal)


def landed_name(delivery: Delivery) -> LandedName | None:
    """Return a delivery's file as it landed; None if it has not landed."""
    if delivery.state != Delivery.LANDED:
        return None
    at = (delivery.landed_at or delivery.created_at).astimezone(UTC)
    return LandedName(delivery.feed, delivery.partition, delivery.path, delivery.sha256, at)


def _entry(snapshot: OpenSnapshot, file: LandedName) -> LedgerEntry | None:
    return entry_of_file(snapshot, file.feed, file.file_name, file.sha256, file.landed_at, file.partition)


def entry_of_delivery(snapshot: OpenSnapshot, delivery: Delivery) -> LedgerEntry | None:
    """Return the snapshot's row about a delivery; None while no snapshot has it."""
    file = landed_name(delivery)
    return _entry(snapshot, file) if file else None


def delivery_of_entry(rights: AccountRights, entry: LedgerEntry) -> Delivery | None:
    """Return the delivery by which a file of the ledger landed; None if it landed otherwise, or may not be seen."""
    return deliveries_of_entries(rights, [entry]).get(entry.file_id)


def deliveries_of_entries(rights: AccountRights, entries: Sequence[LedgerEntry]) -> dict[int, Delivery]:
    """Return the deliveries by which files of the ledger landed, by file id; see `delivery_of_entry`."""
    return _deliveries_of(_visible(rights), entries)


def is_delivered(entry: LedgerEntry) -> bool:
    """Whether a file of the ledger landed by the portal, whoever delivered it."""
    return bool(_deliveries_of(Delivery.objects.all(), [entry]))


def _deliveries_of(deliveries: "QuerySet[Delivery]", entries: Sequence[LedgerEntry]) -> dict[int, Delivery]:
    found = deliveries.filter(
        feed__in={entry.feed for entry in entries},
        sha256__in={entry.sha256 for entry in entries},
        state=Delivery.LANDED,
        landed_at__isnull=False,
    )
    by_file: dict[tuple[str, str, str, str], list[Delivery]] = {}
    for delivery in found.order_by("landed_at"):
        name = landed_name(delivery)
        if name is not None:
            by_file.setdefault((name.feed, name.partition, name.sha256, name.file_name), []).append(delivery)
    chosen = {}
    for entry in entries:
        fit = by_file.get((entry.feed, entry.partition_key or "", entry.sha256, entry.file_name), [])
        # The same bytes may have been delivered before: it is the last one that had landed by then.
        before = [delivery for delivery in fit if delivery.landed_at <= entry.landed_at + CLOCKS_DIFFER]
        if before:
            chosen[entry.file_id] = before[-1]
    return chosen


def mends_of(delivery: Delivery) -> list[Delivery]:
    """Return the deliveries that mend a delivery, and those that mend these, the earliest first."""
    found: dict[uuid.UUID, Delivery] = {}
    wanted = {delivery.pk}
    while wanted:
        query = Delivery.objects.filter(Q(mends__in=wanted), team=delivery.team_id).select_related("account", "team")
        new = {mend.pk: mend for mend in query if mend.pk not in found and mend.pk != delivery.pk}
        found |= new
        wanted = set(new)
    return sorted(found.values(), key=lambda mend: (mend.created_at, str(mend.pk)))
