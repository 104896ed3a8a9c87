"""The sensor of a source: requests a run when the list or an object changed, and fetches nothing.

Here: the decision after a scan, and the sensor. Not here: the scan (catalog/scan.py) and the sensors of the landing
zone (landing_sensors.py). If the source cannot be reached, the tick is skipped.
"""

import hashlib
import json
import time
from collections.abc import Mapping
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
from vsf_assets.defs.backoff import TICK_SECONDS, RunHistory, backoff_reason, history_of_job
from vsf_assets.defs.raw_assets import ingest_job_name
from vsf_assets.feeds import families
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.connection import Warehouse

NETWORK_SECONDS = 30
"""Least time between two scans of a source that is not a folder."""

MOST_HEADS = 2000
"""Names up to which a tick asks an HTTP server for the state of each; above this number a tick reads the list only."""


@dataclass(frozen=True)
class Seen:
    """The content of a cursor; without it, the next tick scans again.

    Attributes:
        digest: of the source as it was seen last.
        is_done: whether no object was to fetch then.
        at: when (seconds since 1970).
    """

    digest: str = ""
    is_done: bool = False
    at: float = 0.0


def read_seen(cursor: str | None) -> Seen:
    """Return what a cursor holds; a lost or broken one is empty."""
    try:
        kept = json.loads(cursor or "{}")
        return Seen(str(kept["digest"]), bool(kept["is_done"]), float(kept["at"]))
    except (ValueError, KeyError, TypeError):
        return Seen()


def digest_of(profile: str, list_sha256: str, observed: Mapping[str, Observed]) -> str:
    """Return a digest that changes with the list and with the state of any object."""
    digest = hashlib.sha256(f"{profile}\n{list_sha256}".encode())
    for name, state in sorted(observed.items()):
        digest.update(f"\n{name}\t{'?' if isinstance(state, Unseen) else state}".encode(errors="replace"))
    return digest.hexdigest()[:32]


def why_not(digest: str, seen: Seen, jobs: RunHistory) -> str | None:
    """Return why no run is requested for the objects to fetch, or None.

    Objects that an earlier run was requested for and that are still to fetch have failed: they are requested again
    after a pause, a limited number of times. A source that changed since then gets a run at once, so that one object
    that always fails does not delay the others.
    """
    if jobs.active or digest == seen.digest:
        return backoff_reason(jobs)
    return None


def source_sensor(family: str) -> dg.SensorDefinition:
    """Return the sensor that requests one run when the source of a family changed."""
    names = ", ".join(feed.name for feed in families()[family])

    @dg.sensor(
        name=f"{family}_source",
        job_name=ingest_job_name(family),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Scans the list of the catalog's source and the states of its objects ({names}); one run"
        " fetches the new and changed objects.",
    )
    def changed(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SensorResult:
        jobs = history_of_job(context.instance, ingest_job_name(family))
        reason, now = notice(warehouse.settings(), read_seen(context.cursor), jobs)
        cursor = json.dumps(asdict(now))
        if reason:
            return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=cursor)
        request = dg.RunRequest(run_config={"ops": {f"{family}_files": {"config": {"reload": "changed"}}}})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return changed


def notice(settings: Settings, seen: Seen, jobs: RunHistory) -> tuple[str | None, Seen]:
    """Return why no run is requested, or None, and what the cursor is to hold."""
    if jobs.active or FolderStore(settings.fetched).entries():
        return backoff_reason(jobs), seen
    profile = settings.profiles[settings.profile]
    if profile.kind != "folder" and time.time() - seen.at < NETWORK_SECONDS:
        return f"{profile.address} was looked at less than {NETWORK_SECONDS} s ago", seen
    try:
        scan = _scan(settings, profile)
        if isinstance(scan, str):
            return scan, replace(seen, at=time.time())
        digest = digest_of(profile.name, scan.list_sha256, scan.observed)
        now = Seen(digest, is_done=True, at=scan.at.timestamp())
        if seen.is_done and seen.digest == digest:
            return f"nothing changed at {profile.address}", now
        if not has_changes(settings, profile, scan, _known(settings, profile)):
            return f"everything at {profile.address} is loaded", now
    except SourceError as error:
        return str(error), replace(seen, at=time.time())
    except LockTimeoutError:
        return "the warehouse is in use; the next tick scans again", seen
    return why_not(digest, seen, jobs), replace(now, is_done=False)


def _scan(settings: Settings, profile: Profile) -> SourceScan | str:
    """Scan with short time-outs; return the scan, or why the source has no list or is not stable."""
    hasty = replace(
        profile,
        attempts=min(profile.attempts, 2),
        connect_timeout=min(profile.connect_timeout, 3.0),
        read_timeout=min(profile.read_timeout, 5.0),
        object_timeout=min(profile.object_timeout, 10.0),
    )
    source = open_source(hasty)
    try:
        scan = scan_source(source, None, most=MOST_HEADS if profile.kind == "http" else None)
        if scan is None:
            return f"there is no list in {profile.address}"
        if settings.settle_seconds and unsettled_for(source, scan, settings.settle_seconds, time.time()):
            return f"files in {profile.address} are not stable yet"
        return scan
    finally:
        source.close()


def _known(settings: Settings, profile: Profile) -> SourceHistory:
    """Return the recorded states of a source, without waiting for a lock."""
    with Warehouse.of(replace(settings, lock_wait_seconds=0)).read("sensor") as connection:
        return read_history(connection, settings, profile.name) if connection else SourceHistory()
