"""Groups files into uploads: files of a partition's folder that are one delivery.

Here: which listed files belong together, when an upload is complete, and when it landed; pure functions of a
listing. Not here: waiting for it (stability.py) and storing it in one transaction (warehouse/ledger.py).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from vsf_assets.feeds import recognize
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.listing import LeftOut, Listing

if TYPE_CHECKING:
    from vsf_assets.warehouse.input_and_result import InputFile

UploadKey = tuple[str, str | None]
"""(feed, partition): the folder of an upload."""

Item = TypeVar("Item")


def upload_of(entry: Entry) -> UploadKey | None:
    """Return the upload that a listed file belongs to, or None if the file is a delivery by itself."""
    return upload_of_path(entry.path)


def upload_of_path(path: str) -> UploadKey | None:
    """Return the upload that the file at a path of the landing zone belongs to, or None."""
    recognized = recognize(path)
    if recognized is None or not recognized[0].members:
        return None
    return recognized[0].name, recognized[1]


def split_torn(listing: Listing) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Separate the files of uploads of which another file exists but cannot be read.

    That file is not missing, so the upload must not be loaded without it: its other files wait.

    Args:
        listing: a listing of the landing zone.

    Returns:
        The entries without those files, and (path, why it waits) of each of them.
    """
    torn: dict[UploadKey, LeftOut] = {}
    for left_out in listing.left_out:
        key = upload_of_path(left_out.path)
        if key is not None:
            torn.setdefault(key, left_out)
    if not torn:
        return listing.entries, []
    loadable, waiting = [], []
    for entry in listing.entries:
        cause = torn.get(upload_of(entry) or ("", None))
        if cause is None:
            loadable.append(entry)
        else:
            waiting.append((entry.path, f"waits for {cause.path}, of the same upload: {cause.reason}; {cause.advice}"))
    return loadable, waiting


def landing_times(entries: Iterable[Entry]) -> dict[UploadKey, datetime]:
    """Return when each upload landed: the modified time of its newest file."""
    times: dict[UploadKey, datetime] = {}
    for entry in entries:
        key = upload_of(entry)
        if key is not None:
            times[key] = max(entry.modified, times.get(key, entry.modified))
    return times


def defer_incomplete(
    stable: list[Entry], unsettled: list[Entry], arrived: Callable[[Entry], float], at: float, wait_seconds: float
) -> tuple[list[Entry], list[Entry]]:
    """Move stable files of incomplete uploads to the unsettled ones.

    An upload is complete if all its files are stable and every member is present. If a member is missing and the
    newest file arrived at least `wait_seconds` ago, the upload is loaded without it.

    Args:
        stable: the stable entries of a listing.
        unsettled: its other entries.
        arrived: returns when a file arrived, in seconds of the wall clock.
        at: time of the listing, in seconds of the wall clock.
        wait_seconds: how long to wait for a missing file.

    Returns:
        (stable, unsettled) after the move.
    """
    files: dict[UploadKey, list[Entry]] = {}
    for entry in (*stable, *unsettled):
        key = upload_of(entry)
        if key is not None:
            files.setdefault(key, []).append(entry)
    changing = {upload_of(entry) for entry in unsettled}
    deferred = {key for key, group in files.items() if key in changing or _waits(group, arrived, at, wait_seconds)}
    complete = [entry for entry in stable if upload_of(entry) not in deferred]
    return complete, [*unsettled, *(entry for entry in stable if upload_of(entry) in deferred)]


def _waits(files: list[Entry], arrived: Callable[[Entry], float], at: float, wait_seconds: float) -> bool:
    """Whether a member is missing that may still arrive."""
    recognized = recognize(files[0].path)
    members = dict(recognized[0].members) if recognized else {}
    return len(files) < len(members) and at - max(map(arrived, files)) < wait_seconds


def group_by_upload(items: Sequence[Item], input_file_of: Callable[[Item], "InputFile"]) -> list[list[Item]]:
    """Group items by delivery: the files of one upload, or one file.

    Groups keep the order of their first items. Files of an upload have the order of its members.
    """
    units: dict[tuple[object, ...], list[Item]] = {}
    for number, item in enumerate(items):
        input_file = input_file_of(item)
        alone = () if input_file.feed.members else (number,)
        units.setdefault((input_file.feed.name, input_file.partition, input_file.landed_at, *alone), []).append(item)
    for unit in units.values():
        if len(unit) > 1:
            order = [name for name, _ in input_file_of(unit[0]).feed.members]
            unit.sort(key=lambda item: order.index(input_file_of(item).name))
    return list(units.values())
