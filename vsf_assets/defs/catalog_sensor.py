"""The sensor of a catalog source: requests a run when the list or the state of an object changed.

Here: the decision from one scan as a pure function, and the sensor with its cursor. Not here: the scan
(catalog/scan.py) and the sensors of the landing zone (landing_sensors.py). The sensor fetches no object. When
it cannot reach the source, it skips the tick.
"""

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace

import dagster as dg

from vsf_assets.catalog.clients.factory import open_source
from vsf_assets.catalog.history import SourceHistory, read_history
from vsf_assets.catalog.model.errors import SourceError
from vsf_assets.catalog.model.plan import Observed, Unseen
from vsf_assets.catalog.scan import SourceScan, has_changes, scan_source, unsettled_for
from vsf_assets.common.errors import LockTimeoutError
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import Settings
from vsf_assets.defs.backoff import STOPPED, TICK_SECONDS, RunHistory, backoff_reason, history_of_job
from vsf_assets.defs.marts import publishing_job_name, publishing_request
from vsf_assets.feeds import families
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.connection import Warehouse

NETWORK_SECONDS = 30
"""Minimum time between two scans of a source that is not a folder."""

MAX_STATE_REQUESTS = 2000
"""Maximum number of objects whose states a tick requests from an HTTP server; with more, it reads the list only."""


@dataclass(frozen=True)
class SourceCursor:
    """Content of the sensor's cursor. A lost cursor costs one more scan.

    Attributes:
        digest: digest of the source at the last scan.
        is_done: whether that scan found no object to fetch.
        at: time of that scan, in seconds since 1970.
    """

    digest: str = ""
    is_done: bool = False
    at: float = 0.0


def read_cursor(cursor: str | None) -> SourceCursor:
    """Parse a cursor; return the default for a missing or invalid one."""
    try:
        kept = json.loads(cursor or "{}")
        return SourceCursor(str(kept["digest"]), bool(kept["is_done"]), float(kept["at"]))
    except (ValueError, KeyError, TypeError):
        return SourceCursor()


def digest_of(profile: str, list_sha256: str, observed: Mapping[str, Observed]) -> str:
    """Return a digest of the list and of the states of all objects, 32 hex digits."""
    digest = hashlib.sha256(f"{profile}\n{list_sha256}".encode())
    for name, state in sorted(observed.items()):
        digest.update(f"\n{name}\t{'?' if isinstance(state, Unseen) else state}".encode(errors="replace"))
    return digest.hexdigest()[:32]


def skip_reason_for(digest: str, last: SourceCursor, jobs: RunHistory) -> str | None:
    """Return why no run is requested for the objects to fetch, or None if one is requested.

    If the source has the digest of the last scan, a run for the same objects failed: the sensor retries after a pause
    that doubles, up to a limit of failures, and rests if a person stopped the run. If the source changed since, the
    sensor requests a run at once, so that one object that always fails does not delay the others.

    Args:
        digest: digest of the source now.
        last: the cursor of the last tick.
        jobs: results of the job's last runs.
    """
    if jobs.active or digest == last.digest:
        return backoff_reason(jobs) or (STOPPED if jobs.is_stopped else None)
    return None


def source_sensor(family: str, built: Collection[dg.AssetKey]) -> dg.SensorDefinition:
    """Return the sensor that requests one run when the source of a family changed; `built` are the run's assets."""
    names = ", ".join(feed.name for feed in families()[family])

    @dg.sensor(
        name=f"{family}_source",
        job_name=publishing_job_name(family),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Scans the list of the catalog source and the states of its objects ({names}), and requests one"
        " run when there are objects to fetch.",
    )
    def changed(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SensorResult:
        jobs = history_of_job(context.instance, publishing_job_name(family))
        reason, now = check_source(warehouse.settings(), read_cursor(context.cursor), jobs)
        cursor = json.dumps(asdict(now))
        if reason:
            return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=cursor)
        request = publishing_request(family, built, {"reload": "changed"})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return changed


def check_source(settings: Settings, last: SourceCursor, jobs: RunHistory) -> tuple[str | None, SourceCursor]:
    """Scan the source; return why no run is requested (None if one is), and the new cursor."""
    if jobs.active or (FolderStore(settings.fetched).entries() and not jobs.is_stopped):
        return backoff_reason(jobs), last
    profile = settings.profiles[settings.profile]
    if profile.kind != "folder" and time.time() - last.at < NETWORK_SECONDS:
        return f"{profile.address} was scanned less than {NETWORK_SECONDS} s ago", last
    try:
        scan = _scan(settings, profile)
        if isinstance(scan, str):
            return scan, replace(last, at=time.time())
        digest = digest_of(profile.name, scan.list_sha256, scan.observed)
        now = SourceCursor(digest, is_done=True, at=scan.at.timestamp())
        if last.is_done and last.digest == digest:
            return f"nothing changed at {profile.address}", now
        if not has_changes(settings, profile, scan, _known(settings, profile)):
            return f"everything at {profile.address} is loaded", now
    except SourceError as error:
        return str(error), replace(last, at=time.time())
    except LockTimeoutError:
        return "the warehouse is in use; the next tick tries again", last
    return skip_reason_for(digest, last, jobs), replace(now, is_done=False)


def _scan(settings: Settings, profile: Profile) -> SourceScan | str:
    """Scan the source with short time-outs; return the scan, or why there is none."""
    impatient = replace(
        profile,
        attempts=min(profile.attempts, 2),
        connect_timeout=min(profile.connect_timeout, 3.0),
        read_timeout=min(profile.read_timeout, 5.0),
        object_timeout=min(profile.object_timeout, 10.0),
    )
    source = open_source(impatient)
    try:
        scan = scan_source(source, None, maximum=MAX_STATE_REQUESTS if profile.kind == "http" else None)
        if scan is None:
            return f"there is no list in {profile.address}"
        if settings.settle_seconds and unsettled_for(source, scan, settings.settle_seconds, time.time()):
            return f"files in {profile.address} are not stable yet"
        return scan
    finally:
        source.close()


def _known(settings: Settings, profile: Profile) -> SourceHistory:
    """Read the history of the source from the warehouse; fail at once while another process holds the lock."""
    with Warehouse.of(replace(settings, lock_wait_seconds=0)).read("sensor") as connection:
        return read_history(connection, settings, profile.name) if connection else SourceHistory()
