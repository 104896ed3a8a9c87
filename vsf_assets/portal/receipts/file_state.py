"""Where a delivered file is, and why it is not in the snapshot yet.

Here: the state of one file, from the snapshot, the archive, the landing zone and the record of runs, and the reason it
waits, with what to do. Not here: the state of the home (pipeline/home_status.py), and states of uploads (deliveries/).

A file is `landed` while it lies in the landing zone, `taken` once its original stands in the archive or, with
VSF_AFTER_LOAD=keep, a later run has loaded files of its family; then the snapshot tells what became of it.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.by_family import catalog
from vsf_assets.pipeline.home_status import SILENT, HomeStatus, clock
from vsf_assets.portal.receipts.ledger_entry import CLOCKS_DIFFER, LedgerEntry
from vsf_assets.runs.run_record import RunRecord
from vsf_assets.storage.archive_names import NOT_KEPT_SUFFIX, ORIGINAL_NAME, STAMP, archive_path
from vsf_assets.storage.base import Store
from vsf_assets.storage.factory import open_store

LANDED, TAKEN, GONE, UNKNOWN = "landed", "taken", "gone", "unknown"
"""States before the snapshot tells one: in the landing zone, loaded, neither; and places that cannot be reached."""

KEPT_SECONDS = 1.0
"""How long the place of a file is kept for the next reader."""

_AGAIN = (
    "The snapshot before it stays. The build is tried again when a delivery or a model changes; to try it now, run"
    " vsf run, or press Materialize in Dagster."
)


@dataclass(frozen=True)
class LandedName:
    """A file as its landing is known.

    Attributes:
        feed, partition: of the file; the partition is empty where the feed has none.
        path: in the landing zone.
        sha256: of its bytes.
        landed_at: its modified time in the landing zone, UTC.
    """

    feed: str
    partition: str
    path: str
    sha256: str
    landed_at: datetime

    @property
    def file_name(self) -> str:
        """Its name in the ledger."""
        parts = PurePosixPath(self.path)
        if self.feed == catalog.OBJECTS and parts.parts[0] == catalog.OBJECTS:
            return catalog.file_name("/".join(parts.parts[1:]))
        return parts.name


@dataclass(frozen=True)
class FileState:
    """Where a file is.

    Attributes:
        name: LANDED, TAKEN, GONE, UNKNOWN, or what the ledger says.
        reason: why it waits; empty for a file that a snapshot holds.
        advice: what to do, or what happens by itself.
        since: since when it waits, UTC.
        position: its place among the landed files of its family, from 1; None where it is not known.
    """

    name: str
    reason: str = ""
    advice: str = ""
    since: datetime | None = None
    position: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether it changes no more by itself."""
        return self.name not in (LANDED, TAKEN, UNKNOWN)


_lock = threading.Lock()
_kept: dict[tuple[str, LandedName], tuple[float, str, str]] = {}


def file_state(
    settings: Settings,
    file: LandedName,
    entry: LedgerEntry | None,
    home: HomeStatus,
    sees_errors: bool = False,
    position: int | None = None,
) -> FileState:
    """Return where a file is.

    Args:
        settings: the places.
        file: the file.
        entry: the snapshot's row about it, if there is one.
        home: the state of the home.
        sees_errors: whether messages of failed runs and checks are quoted, which may quote delivered values.
        position: its place among the landed files of its family.
    """
    if entry is not None:
        return FileState(entry.status)
    place, error = _place(settings, file)
    if place == LANDED and _is_kept(settings, file) and _loading_run(home, file) is not None:
        place = TAKEN
    if place == LANDED:
        return _landed(file, home, sees_errors, position)
    if place == TAKEN:
        run = _loading_run(home, file)
        reason, advice = why_taken(home, sees_errors)
        return FileState(TAKEN, reason, advice, run.started_at if run else file.landed_at)
    if place == GONE:
        return FileState(
            GONE,
            "it left the landing zone, and neither the archive nor the snapshot has it",
            "Somebody removed it before it was loaded. Send it again.",
        )
    return FileState(UNKNOWN, f"the landing zone or the archive cannot be read{f': {error}' if sees_errors else ''}")


def _landed(file: LandedName, home: HomeStatus, sees_errors: bool, position: int | None) -> FileState:
    reason = home.why_landed(file.feed, file.landed_at, timedelta(0), with_errors=sees_errors)
    advice = ""
    silent = _silent_since(home)
    if silent is not None:
        reason = f"the service runs, but its automation has looked for no files since {clock(silent)}"
        advice = "Its sensors are stopped: start them in Dagster under Automation, or run vsf run once."
    elif position is not None and position > 1:
        before = position - 1
        reason += f"; {before:,} file{' of its family is' if before == 1 else 's of its family are'} before it"
    return FileState(LANDED, reason, advice, file.landed_at, position)


def _silent_since(home: HomeStatus) -> datetime | None:
    """Return when the automation of a service that runs looked for files last, if that is too long ago."""
    if not home.is_running or home.service is None or home.service_problems:
        return None
    try:
        began = datetime.fromisoformat(home.service.since)
    except ValueError:
        return None
    newest = max(began, home.last_tick) if home.last_tick else began
    return newest if home.at - newest > SILENT and not home.running else None


def why_taken(home: HomeStatus, sees_errors: bool) -> tuple[str, str]:
    """Return why a loaded file is not in the snapshot, and what to do."""
    if home.build_failure and not any("build" in run.kind for run in home.running):
        checks = home.last_build.blocking if home.last_build else []
        names = ", ".join(check.name for check in checks)
        if sees_errors or not checks:
            detail = home.build_failure if sees_errors else "the last build failed; people who run the platform see why"
        else:
            detail = "; ".join(f"{check.name}: {check.rule}" if check.rule else check.name for check in checks)
        return (f"not published: {names}" if names else "not published") + f" ({detail})", _AGAIN
    return home.why_loaded(), ""


def _place(settings: Settings, file: LandedName) -> tuple[str, str]:
    """Return LANDED, TAKEN, GONE, or UNKNOWN with the error."""
    key = (str(settings.home), file)
    with _lock:
        until, place, error = _kept.get(key, (0.0, "", ""))
    if place and time.monotonic() < until:
        return place, error
    place, error = _find_place(settings, file)
    with _lock:
        if len(_kept) > 10_000:
            _kept.clear()
        _kept[key] = (time.monotonic() + KEPT_SECONDS, place, error)
    return place, error


def _find_place(settings: Settings, file: LandedName) -> tuple[str, str]:
    try:
        archive = open_store(settings.archive)
        if _is_archived(archive, file):
            return TAKEN, ""
        if open_store(settings.landing).stat(file.path) is not None:
            return LANDED, ""
        # It may have moved between the two looks, or have another time in the archive.
        return (TAKEN if _is_archived(archive, file) or _is_listed(archive, file) else GONE), ""
    except (OSError, VsfError) as error:
        return UNKNOWN, str(error)


def _is_archived(archive: Store, file: LandedName) -> bool:
    exact = archive_path(file.feed, _folder(file), file.landed_at, file.sha256, file.file_name)
    return bool(archive.present([exact, exact + NOT_KEPT_SUFFIX]))


def _is_listed(archive: Store, file: LandedName) -> bool:
    """Whether the archive has the file with its landing time or a later one.

    Files of one dataset share the time of the newest, a fetched object has that of its fetch, and a bucket says when an
    object landed by a clock of its own.
    """
    folder = "/".join(part for part in (file.feed, _folder(file)) if part)
    earliest = file.landed_at - CLOCKS_DIFFER
    for entry in archive.every_entry(folder):
        named = ORIGINAL_NAME.match(entry.name.removesuffix(NOT_KEPT_SUFFIX))
        if named is None or (named.group(2), named.group(3)) != (file.sha256[:12], file.file_name):
            continue
        if datetime.strptime(named.group(1), STAMP).replace(tzinfo=UTC) >= earliest:
            return True
    return False


def _folder(file: LandedName) -> str | None:
    """Return the partition in the archive's path; of an object of the landing zone's own source the default profile."""
    return file.partition or ("default" if file.feed == catalog.OBJECTS else None)


def _is_kept(settings: Settings, file: LandedName) -> bool:
    return settings.after_load == "keep" or all_feeds()[file.feed].is_source_folder


def _loading_run(home: HomeStatus, file: LandedName) -> RunRecord | None:
    """Return the first run after the landing that loaded files of its family."""
    family = all_feeds()[file.feed].family
    fit = [
        run
        for run in home.runs
        if family in run.families and run.files_loaded and run.started_at >= file.landed_at - timedelta(seconds=1)
    ]
    return min(fit, key=lambda run: run.started_at, default=None)


def forget_places() -> None:
    """Forget where files were, so that the next reader sees them as they are."""
    with _lock:
        _kept.clear()
