"""Which team a dataset's name belongs to, and who may read and change the dataset.

Here: claiming a name, and the rules. Not here: roles and grants (accounts/rights.py).

A name belongs to the team that first delivered under it, and stays with it after a rename or a deletion: otherwise
another team would take over what still stands under the name. What landed by other ways than the portal belongs to the
platform. The platform's members read every dataset; a team reads its own, and the platform's with a grant for the feed.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from vsf_assets.feeds import all_feeds
from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.accounts.rights import PLATFORM, READ, AccountRights, TeamRights
from vsf_assets.portal.datasets.file_kinds import FEED
from vsf_assets.portal.datasets.models import DatasetName
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.partition_rules import PartitionRefusedError
from vsf_assets.portal.shared.open_pool import pool
from vsf_assets.snapshots.pool import NoSnapshotError, OpenSnapshot
from vsf_assets.storage.factory import open_store

_RENAMES = """
    select dataset, new_name, landed_at from raw.dataset_changes inner join raw.files on _file_id = file_id
    where action = 'rename' order by landed_at, file_name, _line
"""
_CHANGED = "select 1 from raw.dataset_changes where dataset = $name limit 1"
_MANY = 100_000


class NameNotAvailableError(PartitionRefusedError):
    """The name of a dataset belongs to another team."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the name {name} is not available; choose another name")


@dataclass(frozen=True)
class OwnedName:
    """To whom a name belongs: a team, or the platform if `team` is None; `since` when in the portal."""

    team: uuid.UUID | None
    since: datetime


@dataclass(frozen=True)
class DatasetAccess:
    """What an account or a token may do with datasets.

    Attributes:
        rights: its rights.
        owned: name -> its owner; other names belong to the platform.
    """

    rights: AccountRights
    owned: Mapping[str, OwnedName]

    @property
    def reads_all(self) -> bool:
        """Whether every dataset may be read."""
        return self.rights.may_on_platform(READ)

    @property
    def reads_platform(self) -> bool:
        """Whether the platform's datasets may be read."""
        return FEED in self.rights.feeds(READ, all_feeds())

    @property
    def own_names(self) -> list[str]:
        """The names of own teams."""
        return sorted(name for name, owner in self.owned.items() if owner.team and self.rights.may(READ, owner.team))

    @property
    def foreign_names(self) -> list[str]:
        """The names of other teams than the own ones and the platform; empty for the platform's members."""
        return self.foreign_to(READ)

    def foreign_to(self, right: str) -> list[str]:
        """Return the names of teams in which the account does not have a right; none if it has it on the platform."""
        if self.rights.may_on_platform(right):
            return []
        return sorted(
            name for name, owner in self.owned.items() if owner.team and not self.rights.may(right, owner.team)
        )

    def may_read(self, name: str) -> bool:
        """Whether a dataset may be read, if it is there."""
        owner = self.owned.get(name)
        if self.reads_all:
            return True
        return self.rights.may(READ, owner.team) if owner and owner.team else self.reads_platform

    def may_change(self, name: str) -> bool:
        """Whether versions may be delivered under a name, and the dataset may be renamed and deleted."""
        return any(found.may_deliver(FEED) and self._is_of(found, name) for found in self.rights.teams)

    def sees_values(self, name: str, uploaded_at: datetime) -> bool:
        """Whether delivered values may be quoted: with the permission for personal data, and to the delivering team.

        Args:
            name: of the dataset.
            uploaded_at: when the version landed; what landed before the portal knew the name was not delivered by it.
        """
        owner = self.owned.get(name)
        if self.rights.may_see_personal:
            return True
        if owner is None or uploaded_at.replace(tzinfo=UTC) < owner.since:
            return False
        return any(READ in found.rights and self._is_of(found, name) for found in self.rights.teams)

    def _is_of(self, found: TeamRights, name: str) -> bool:
        owner = self.owned.get(name)
        return found.team == owner.team if owner and owner.team else found.is_platform


def dataset_access(rights: AccountRights, snapshot: OpenSnapshot | None) -> DatasetAccess:
    """Return what an account or a token may do; `snapshot` tells renames by other ways than the portal."""
    return DatasetAccess(rights, owned_names(snapshot))


def foreign_names(rights: AccountRights, snapshot: OpenSnapshot | None, right: str) -> list[str]:
    """Return the names of teams in which an account does not have a right; none if it has it on the platform."""
    return [] if rights.may_on_platform(right) else dataset_access(rights, snapshot).foreign_to(right)


def owned_names(snapshot: OpenSnapshot | None) -> dict[str, OwnedName]:
    """Return every name that the portal knows, with its owner; a renamed dataset keeps its owner.

    A rename from before the owner's time moved another dataset, which had the old name before: it stays the platform's.
    """
    found = {
        row.name: OwnedName(None if row.team is None or row.team.is_platform else row.team_id, row.since)
        for row in DatasetName.objects.select_related("team")
    }
    known = set(found)
    for old, new, landed_at in snapshot.kept(_RENAMES, {}, _MANY).rows if snapshot and found else ():
        if old in found and new not in known and landed_at.replace(tzinfo=UTC) >= found[old].since:
            found[new] = found[old]
    return found


def team_for(rights: AccountRights, name: str, snapshot: OpenSnapshot | None) -> TeamRights | None:
    """Return the team for which an account delivers under a name; None if it may deliver for none.

    It is the name's owner if the account may deliver for it; else the first of its teams, about which `claim` decides.
    """
    able = sorted((t for t in rights.teams if t.may_deliver(FEED)), key=lambda found: not found.is_platform)
    owner = owned_names(snapshot).get(name)
    fit = [found for found in able if owner and (found.team == owner.team if owner.team else found.is_platform)]
    return next(iter([*fit, *able]), None)


def claim(name: str, team: uuid.UUID, snapshot: OpenSnapshot | None) -> DatasetName:
    """Let a name belong to a team, if it belongs to nobody; return its row.

    Raises:
        NameNotAvailableError: the name belongs to another team.
    """
    row = DatasetName.objects.filter(name=name).first()
    if row is None:
        owner = owned_names(snapshot).get(name)
        if owner is None and _is_in_use(name, snapshot):
            owner = OwnedName(None, timezone.now())
        holder = team if owner is None else owner.team
        try:
            with transaction.atomic():
                row = DatasetName.objects.create(
                    name=name, team_id=holder or platform_id(), since=owner.since if owner else timezone.now()
                )
        except IntegrityError:  # another request was faster
            row = DatasetName.objects.get(name=name)
    if not (_is_of_team(row, team) or _taken_over(row, team, snapshot)):
        raise NameNotAvailableError(name)
    return row


def claim_for_delivery(name: str, team: uuid.UUID) -> None:
    """Let a name belong to the team that begins to deliver under it; raises what `claim` raises."""
    try:
        with pool().current() as snapshot:
            claim(name, team, snapshot)
    except NoSnapshotError:
        claim(name, team, None)


def hold_name(name: str, team: uuid.UUID) -> None:
    """Keep a name with its team until the transaction ends, so that nobody takes it over meanwhile.

    Raises:
        NameNotAvailableError: the name does not belong to the team any more.
    """
    row = DatasetName.objects.select_for_update().filter(name=name).first()
    if row is None or not _is_of_team(row, team):
        raise NameNotAvailableError(name)


def platform_id() -> uuid.UUID | None:
    """Return the id of the platform's team; None before it was made."""
    found: uuid.UUID | None = Team.objects.filter(name=PLATFORM).values_list("id", flat=True).first()
    return found


def _is_in_use(name: str, snapshot: OpenSnapshot | None) -> bool:
    """Whether somebody used a name by whatever way: for a version, for one renamed or deleted, or for files that wait.

    A name stays with its first owner after a rename or deletion, and so does one of the platform.
    """
    return _is_in_snapshot(name, snapshot) or any(
        open_store(settings.VSF.landing).stat(f"{FEED}/{name}/{member}") for member, _ in all_feeds()[FEED].members
    )


def _is_in_snapshot(name: str, snapshot: OpenSnapshot | None) -> bool:
    sql = "select 1 from marts.dim_dataset_versions where dataset = $name limit 1"
    return snapshot is not None and any(snapshot.kept(each, {"name": name}).rows for each in (sql, _CHANGED))


def _is_of_team(row: DatasetName, team: uuid.UUID) -> bool:
    return row.team_id == team or (row.team_id is None and team == platform_id())


def _taken_over(row: DatasetName, team: uuid.UUID, snapshot: OpenSnapshot | None) -> bool:
    """Let a name that its team claimed and never delivered under belong to another team; return whether it does.

    What takes long is asked first. The rest is asked with the row locked, as `hold_name` locks it: a team that is about
    to write its first delivery either keeps the name or is refused.
    """
    if _is_sent(row.name) or _is_in_use(row.name, snapshot):
        return False
    with transaction.atomic():
        found = DatasetName.objects.select_for_update().get(pk=row.pk)
        if found.team_id == row.team_id and not _is_sent(row.name):
            found.team_id, found.since = team, timezone.now()
            found.save(update_fields=["team", "since"])
    row.refresh_from_db()
    return _is_of_team(row, team)


def _is_sent(name: str) -> bool:
    """Whether a dataset was given a name, or a team delivers or delivered under it."""
    sent = Q(feed=FEED, partition=name) & (
        Q(state=Delivery.LANDED) | Q(state=Delivery.SENDING, expires_at__gt=timezone.now())
    )
    is_target = DatasetName.objects.filter(name=name, is_renamed=True).exists()
    return is_target or Delivery.objects.filter(sent).exists()
