"""Renames and deletions of datasets: checked, recorded with the audit, and landed as `vsf dataset` does.

Here: both changes, and those that have not taken effect. The landing zone and the snapshot are asked outside of the
transaction, which would keep every log-in waiting where a bucket is slow. Not here: who may ask for them
(ownership.py), and their effect, which comes with the next run (dbt).
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from vsf_assets.common.errors import VsfError
from vsf_assets.feeds.by_family.datasets import CHANGES
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.pipeline.dataset_changes import DELETE, RENAME, land_change, path_of_change
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.datasets.models import LONGEST_NAME, DatasetChange, DatasetName
from vsf_assets.portal.datasets.ownership import claim, hold_name
from vsf_assets.portal.datasets.versions import versions_of
from vsf_assets.snapshots.pool import OpenSnapshot
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.ignored_names import why_ignored

MOST = 1_000
"""Changes that are looked at, the latest ones; earlier ones have taken effect long ago."""

LOST_AFTER = timedelta(days=1)
"""Age from which a change counts as lost, if its record is neither in the landing zone nor in the snapshot."""

_TAKEN = "select file_name from reports.files where feed = $feed and list_contains($names, file_name)"


class ChangeRefusedError(ValueError):
    """A change cannot be made; the message says what to do."""


def checked_dataset_name(name: str) -> str:
    """Return a name for a dataset, without spaces around it.

    Raises:
        ChangeRefusedError: it cannot be the name of a dataset.
    """
    name = name.strip()
    if not name:
        raise ChangeRefusedError("give the dataset a name")
    if len(name) > LONGEST_NAME or not DATASETS.accepts(name):
        raise ChangeRefusedError(
            f"a dataset's name has at most {LONGEST_NAME} bytes, no / \\ | and no control characters, and neither"
            " begins nor ends with a dot or a space; choose another name"
        )
    ignored = why_ignored(name)
    if ignored is not None:
        raise ChangeRefusedError(f"files under this name would never be loaded: {ignored.reason}; choose another name")
    return name


def rename(snapshot: OpenSnapshot, name: str, new_name: str, team: uuid.UUID, account: uuid.UUID) -> DatasetChange:
    """Land the record of a rename; the new name then belongs to the dataset's team.

    Raises:
        ChangeRefusedError: the new name cannot be used, or another change waits.
        NameNotAvailableError: the new name belongs to another team.
    """
    new_name = checked_dataset_name(new_name)
    if new_name == name:
        raise ChangeRefusedError("the dataset has this name already; choose another name")
    owned, target = claim(name, team, snapshot), claim(new_name, team, snapshot)
    if versions_of(snapshot, new_name):
        raise ChangeRefusedError(f"there is a dataset {new_name} already; delete it first, or choose another name")
    waiting = _checked_waiting(snapshot, name)
    with transaction.atomic():
        hold_name(new_name, team)
        change = _written(DatasetChange(action=RENAME, dataset=name, new_name=new_name), team, account, waiting)
        DatasetName.objects.filter(pk=target.pk).update(is_renamed=True, since=min(target.since, owned.since))
        record("dataset.renamed", account, owned.id, team, new_name=str(target.id))
    _land(change, owned, target)
    return change


def delete(snapshot: OpenSnapshot, name: str, team: uuid.UUID, account: uuid.UUID) -> DatasetChange:
    """Land the record of a deletion; the name stays with the team.

    Raises:
        ChangeRefusedError: another change waits, or the record cannot be landed.
        NameNotAvailableError: the dataset belongs to another team.
    """
    owned = claim(name, team, snapshot)
    waiting = _checked_waiting(snapshot, name)
    with transaction.atomic():
        change = _written(DatasetChange(action=DELETE, dataset=name), team, account, waiting)
        record("dataset.deleted", account, owned.id, team)
    _land(change, owned, None)
    return change


def _checked_waiting(snapshot: OpenSnapshot, name: str) -> set[uuid.UUID]:
    """Return the ids of a dataset's changes, all of which have taken effect.

    Raises:
        ChangeRefusedError: one has not taken effect yet.
    """
    known = set(_changes_of(name).values_list("id", flat=True))
    waiting = pending_changes(snapshot, name)
    if waiting:
        raise _is_waiting(waiting[0])
    return known


def _written(change: DatasetChange, team: uuid.UUID, account: uuid.UUID, known: set[uuid.UUID]) -> DatasetChange:
    """Store the row of a change inside a transaction that holds the name and asks nobody else; its record lands after.

    Raises:
        ChangeRefusedError: another change of the dataset came since `known` was asked.
        NameNotAvailableError: the dataset's name belongs to another team by now.
    """
    hold_name(change.dataset, team)
    newer = _changes_of(change.dataset).exclude(pk__in=known).first()
    if newer is not None:
        raise _is_waiting(newer)
    change.path, change.team_id, change.account_id = path_of_change(change.action), team, account
    change.save(force_insert=True)
    return change


def _land(change: DatasetChange, owned: DatasetName, target: DatasetName | None) -> None:
    """Land the record of a change; if that fails, take its row back, and what a rename did to the new name.

    Raises:
        ChangeRefusedError: the record cannot be landed.
        OSError: the landing zone is away.
    """
    try:
        land_change(settings.VSF, change.path, change.action, change.dataset, change.new_name or None)
    except (VsfError, OSError) as error:
        with transaction.atomic():
            if target is not None:
                DatasetName.objects.filter(pk=target.pk).update(is_renamed=target.is_renamed, since=target.since)
            record("dataset.change_failed", change.account_id, owned.id, change.team_id)
            change.delete()
        if isinstance(error, VsfError):
            raise ChangeRefusedError(str(error)) from error
        raise


def _is_waiting(change: DatasetChange) -> ChangeRefusedError:
    return ChangeRefusedError(f"{described(change)} takes effect with the next run; change the dataset after it")


def _changes_of(name: str) -> QuerySet[DatasetChange]:
    return DatasetChange.objects.filter(Q(dataset=name) | Q(new_name=name))


def pending_changes(snapshot: OpenSnapshot | None, name: str = "") -> list[DatasetChange]:
    """Return the changes that the snapshot does not have yet, the latest first; of one dataset, or of all."""
    found = list((_changes_of(name) if name else DatasetChange.objects.all())[:MOST])
    if not found or snapshot is None:
        return found
    files = {change.path.rpartition("/")[2]: change for change in found}
    done = {row[0] for row in snapshot.query(_TAKEN, {"feed": CHANGES, "names": list(files)}).rows}
    return [change for file, change in files.items() if file not in done and not _was_never_landed(change)]


def _was_never_landed(change: DatasetChange) -> bool:
    """Whether a kill came between the row of a change and its record, which is nowhere a day later."""
    if timezone.now() - change.landed_at < LOST_AFTER:
        return False
    try:
        return open_store(settings.VSF.landing).stat(change.path) is None
    except OSError:  # not known while the landing zone is away
        return False


def described(change: DatasetChange) -> str:
    """Return a change in words."""
    return f"the rename to {change.new_name}" if change.action == RENAME else "the deletion"
