"""Renames and deletions of datasets: checked, recorded with the audit, and landed as `vsf dataset` does.

Here: both changes, and those that have not taken effect. Not here: who may ask for them (ownership.py), and their
effect, which comes with the next run (dbt).
"""

import uuid

from django.conf import settings
from django.db import transaction

from vsf_assets.common.errors import VsfError
from vsf_assets.feeds.by_family.datasets import CHANGES
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.pipeline.dataset_changes import DELETE, RENAME, land_change
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.datasets.models import LONGEST_NAME, DatasetChange, DatasetName
from vsf_assets.portal.datasets.ownership import claim
from vsf_assets.portal.datasets.versions import versions_of
from vsf_assets.snapshots.pool import OpenSnapshot
from vsf_assets.storage.ignored_names import why_ignored

MOST = 1_000
"""Changes that are looked at, the latest ones; earlier ones have taken effect long ago."""

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
    with transaction.atomic():
        owned = _locked(snapshot, name, team)
        target = claim(new_name, team, snapshot)
        if versions_of(snapshot, new_name):
            raise ChangeRefusedError(f"there is a dataset {new_name} already; delete it first, or choose another name")
        DatasetName.objects.filter(pk=target.pk).update(is_renamed=True, since=min(target.since, owned.since))
        record("dataset.renamed", account, owned.id, team, new_name=str(target.id))
        return _land(RENAME, name, new_name, team, account)


def delete(snapshot: OpenSnapshot, name: str, team: uuid.UUID, account: uuid.UUID) -> DatasetChange:
    """Land the record of a deletion; the name stays with the team.

    Raises:
        ChangeRefusedError: another change waits, or the record cannot be landed.
        NameNotAvailableError: the dataset belongs to another team.
    """
    with transaction.atomic():
        owned = _locked(snapshot, name, team)
        record("dataset.deleted", account, owned.id, team)
        return _land(DELETE, name, "", team, account)


def _locked(snapshot: OpenSnapshot, name: str, team: uuid.UUID) -> DatasetName:
    """Return the row of a dataset's name, for this transaction alone.

    Raises:
        ChangeRefusedError: another change of the dataset has not taken effect yet.
    """
    row = DatasetName.objects.select_for_update().get(pk=claim(name, team, snapshot).pk)
    waiting = pending_changes(snapshot, name)
    if waiting:
        raise ChangeRefusedError(f"{described(waiting[0])} takes effect with the next run; change the dataset after it")
    return row


def _land(action: str, name: str, new_name: str, team: uuid.UUID, account: uuid.UUID) -> DatasetChange:
    try:
        path = land_change(settings.VSF, action, name, new_name or None)
    except VsfError as error:
        raise ChangeRefusedError(str(error)) from error
    return DatasetChange.objects.create(
        action=action, dataset=name, new_name=new_name, path=path, team_id=team, account_id=account
    )


def pending_changes(snapshot: OpenSnapshot | None, name: str = "") -> list[DatasetChange]:
    """Return the changes that the snapshot does not have yet, the latest first; of one dataset, or of all."""
    changes = DatasetChange.objects.all()
    if name:
        changes = changes.filter(dataset=name) | changes.filter(new_name=name)
    found = list(changes[:MOST])
    if not found or snapshot is None:
        return found
    files = {change.path.rpartition("/")[2]: change for change in found}
    done = {row[0] for row in snapshot.query(_TAKEN, {"feed": CHANGES, "names": list(files)}).rows}
    return [change for file, change in files.items() if file not in done]


def described(change: DatasetChange) -> str:
    """Return a change in words."""
    return f"the rename to {change.new_name}" if change.action == RENAME else "the deletion"
