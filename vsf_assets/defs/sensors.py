"""Sensors: who notices files, what is not built, and runs whose process is gone.

Here: pure decisions and ten lines of plumbing each. Not here: reading files (a sensor never
hashes or decompresses) and rules of automation downstream (translator.DOWNSTREAM).
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import dagster as dg

from vsf_assets.defs.build import BUILD_JOB
from vsf_assets.defs.ingest import as_config, etags_of, from_config, ingest_job_name
from vsf_assets.defs.process import reap
from vsf_assets.defs.requested_files import Repetition, read_requested, ready, still_requested, with_request
from vsf_assets.feeds import all_feeds, families
from vsf_assets.feeds.recognition import recognition_of
from vsf_assets.landing.ownership import foreign
from vsf_assets.landing.pending import Ambiguous, ambiguous_lines
from vsf_assets.landing.stability import TimedListing, split_settled, timed_listing, without
from vsf_assets.landing.uploads import defer_incomplete, split_torn, upload_of
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.listing import lines
from vsf_assets.storage.open_writers import being_written

if TYPE_CHECKING:
    from vsf_assets.pipeline.status import Survey

TICK_SECONDS = 5
BACKSTOP_SECONDS = 30
PAUSE_AFTER = 5
BATCH_FILES = 1000
_ACTIVE = {
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
}


@dataclass(frozen=True)
class RunHistory:
    """What became of a job's last runs.

    Attributes:
        active: whether one is queued or running.
        failures: how many failed in a row, newest first.
        idle_seconds: time since the newest ended.
    """

    active: bool
    failures: int
    idle_seconds: float


def backoff_reason(history: RunHistory) -> str | None:
    """Return why no run is requested now, or None: one batch at a time, and a rest after failures."""
    if history.active:
        return "the last batch still runs"
    if history.failures >= PAUSE_AFTER:
        return (
            f"PAUSED after {history.failures} failed runs in a row: see the last run, mend the cause, then materialize"
            " once by hand or use `vsf run`; a good run resumes the sensor"
        )
    rest = TICK_SECONDS * 2**history.failures if history.failures else 0
    if history.idle_seconds < rest:
        return f"{history.failures} failed runs in a row; resting {rest} s before the next"
    return None


def history_of(statuses: Sequence[tuple[dg.DagsterRunStatus, float | None]], now: float) -> RunHistory:
    """Summarize runs, newest first, given as (status, end time in seconds since 1970)."""
    ended = [(status, end) for status, end in statuses if status not in _ACTIVE]
    failures = 0
    for status, _ in ended:
        if status != dg.DagsterRunStatus.FAILURE:
            break
        failures += 1
    idle = now - (ended[0][1] or 0.0) if ended else float("inf")
    return RunHistory(len(ended) < len(statuses), failures, idle)


def history_of_job(instance: dg.DagsterInstance, job_name: str) -> RunHistory:
    """Return what became of a job's last runs."""
    records = instance.get_run_records(dg.RunsFilter(job_name=job_name), limit=PAUSE_AFTER + 1)
    return history_of([(r.dagster_run.status, r.end_time) for r in records], time.time())


def read_listing(cursor: str | None) -> TimedListing:
    """Return the look a cursor holds; a lost or broken one only costs another look."""
    try:
        kept = json.loads(cursor or "{}")
        timed = from_config(float(kept["at"]), kept["listing"], kept.get("etags", {}))
        return TimedListing(timed.at, timed.entries, {path: float(since) for path, since in kept["since"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        return TimedListing(0.0, {})


def write_cursor(timed: TimedListing, requested: Mapping[str, Repetition] = MappingProxyType({})) -> str:
    """Return a cursor that holds a look, cut to a batch, and what was asked for."""
    entries = list(timed.entries.values())[:BATCH_FILES]
    since = {entry.path: round(timed.first_seen(entry.path), 3) for entry in entries}
    kept: dict[str, Any] = {"at": timed.at, "listing": as_config(entries), "etags": etags_of(entries), "since": since}
    if requested:
        kept["requested"] = {
            e.path: [requested[e.path].times, requested[e.path].at] for e in entries if e.path in requested
        }
    return json.dumps(kept)


def landing_sensor(family: str) -> dg.SensorDefinition:
    """Return the sensor that requests one ingest run for a batch of stable files of a family."""
    names = {feed.name for feed in families()[family]}

    @dg.sensor(
        name=f"{family}_landing",
        job_name=ingest_job_name(family),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Notices stable files of {', '.join(sorted(names))} in the landing zone; one run takes a batch.",
    )
    def landing(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SensorResult | dg.SkipReason:
        settings = warehouse.settings()
        landing_zone = open_store(settings.landing)
        listing = landing_zone.listing()
        entries, ambiguous = _of_feeds(split_torn(listing)[0], names)
        if settings.after_load == "keep":
            entries = _without_loaded(warehouse, entries)
        if not entries:
            return dg.SkipReason(
                "; ".join(["nothing is pending", *lines(listing.left_out), *ambiguous_lines(ambiguous)])
            )
        earlier = read_listing(context.cursor)
        timed = timed_listing(entries, time.time(), earlier)
        requested = still_requested(read_requested(context.cursor), earlier, entries)
        stable, unsettled = split_settled(earlier, timed, settings.settle_seconds)
        stable, written = without(stable, being_written(landing_zone, stable))
        # Files may come with old times; an upload waits from when they were first seen.
        stable, _ = defer_incomplete(
            stable,
            [*unsettled, *written],
            lambda entry: max(entry.modified.timestamp(), timed.first_seen(entry.path)),
            timed.at,
            settings.dataset_wait_seconds,
        )
        wanted = ready(stable, requested, TICK_SECONDS, timed.at)
        history = history_of_job(context.instance, ingest_job_name(family))
        reason = backoff_reason(history) or _why_none(entries, stable, wanted, len(written)) or foreign(settings)
        if reason:
            return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=write_cursor(timed, requested))
        batch = wanted[:BATCH_FILES]
        return dg.SensorResult(
            run_requests=[_request(family, batch, wanted, timed.at - settings.settle_seconds)],
            cursor=write_cursor(timed, with_request(requested, batch, timed.at)),
        )

    return landing


def _why_none(entries: list[Entry], stable: list[Entry], wanted: list[Entry], written: int) -> str | None:
    """Return why no run is asked for, or None."""
    if wanted:
        return None
    if not stable:
        still = f", of which somebody has {written} open for writing" if written else ""
        return f"{len(entries)} files are not stable yet{still}"
    return (
        f"the last run left {len(stable)} files as they were; they are asked for again after a while. Its warnings"
        " and `vsf run` say why"
    )


def _request(family: str, batch: list[Entry], wanted: list[Entry], listed_at: float) -> dg.RunRequest:
    """Return the request of a run that takes a batch."""
    uploads = {key[1] for key in map(upload_of, wanted) if key is not None and key[1] is not None}
    config: dict[str, Any] = {"reload": "changed", "listed_at": listed_at}
    config |= {"listing": as_config(batch), "etags": etags_of(batch)}
    # Only whole uploads are asked for, so that the run does not wait for the others.
    config |= {"partitions": sorted(uploads)} if uploads else {}
    run_config: dict[str, Any] = {"ops": {f"{family}_files": {"config": config}}}
    return dg.RunRequest(run_config=run_config, tags={"vsf/files": str(len(batch))})


def _of_feeds(entries: list[Entry], names: set[str]) -> tuple[list[Entry], list[Ambiguous]]:
    """Return the entries of some feeds, and those that one of them and another feed claim; these stay."""
    feeds, own, ambiguous = all_feeds(), list[Entry](), list[Ambiguous]()
    for entry in entries:
        found = recognition_of(entry.path, feeds)
        if found.feed is not None and found.feed.name in names:
            own.append(entry)
        elif not names.isdisjoint(feed.name for feed in found.rivals):
            ambiguous.append(Ambiguous(entry, found.rivals))
    return own, ambiguous


def _without_loaded(warehouse: WarehouseResource, entries: list[Entry]) -> list[Entry]:
    """Drop what the ledger knows: with VSF_AFTER_LOAD=keep loaded files stay in the landing zone."""
    from vsf_assets.archive.verified_etags import unverified
    from vsf_assets.landing.pending import classify_landed
    from vsf_assets.warehouse.ledger import has_ledger, read_files

    with warehouse.warehouse().read("sensor") as connection:
        known = {row.key for row in read_files(connection)} if connection and has_ledger(connection) else set()
    queue = classify_landed(entries, known)
    return [item.entry for item in (*queue.new, *unverified(queue.known, warehouse.settings()))]


def backstop_sensor(jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Return the sensor that asks for what edges missed; `jobs` are those it may request (asset jobs)."""

    @dg.sensor(
        name="unbuilt_deliveries",
        jobs=list(jobs),
        minimum_interval_seconds=BACKSTOP_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Backstop: asks for a build that is missing after a crash or a changed model, and for files"
        " whose contract changed to be read again.",
    )
    def unbuilt(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SensorResult | dg.SkipReason:
        from vsf_assets.pipeline.status import survey

        target = warehouse.warehouse()
        if not target.file.exists():
            return dg.SkipReason("there is no warehouse yet")
        missing = _missing_runs(survey(target.settings, target))
        if not missing:
            return dg.SensorResult(skip_reason=dg.SkipReason("the snapshot shows every delivery"), cursor="")
        # A family whose original is damaged fails again and again; it keeps neither the others nor the build waiting.
        histories = {r.job_name: history_of_job(context.instance, r.job_name or "") for r in missing}
        reasons = {job: backoff_reason(history) for job, history in histories.items()}
        ready = [r for r in missing if reasons[r.job_name] is None]
        if not ready or any(history.active for history in histories.values()):
            return dg.SkipReason("; ".join(f"{job}: {reason}" for job, reason in reasons.items() if reason))
        request = ready[0]
        if context.cursor != request.job_name:
            why = f"a run of {request.job_name} is due; it is asked for if it still is at the next look"
            return dg.SensorResult(skip_reason=dg.SkipReason(why), cursor=request.job_name)
        return dg.SensorResult(run_requests=[request], cursor="")

    return unbuilt


def _missing_runs(found: "Survey") -> list[dg.RunRequest]:
    """Return the runs that bring the snapshot nearer to what was delivered; what is read again comes before a build."""
    requests = []
    for family in dict.fromkeys(all_feeds()[row.feed].family for row in found.outdated):
        reading: dict[str, Any] = {"ops": {f"{family}_files": {"config": {"reload": "changed"}}}}
        requests.append(dg.RunRequest(job_name=ingest_job_name(family), run_config=reading))
    if found.needs_build or found.needs_publish:
        building: dict[str, Any] = {"ops": {"marts_and_snapshot": {"config": {"only_if_pending": True}}}}
        requests.append(dg.RunRequest(job_name=BUILD_JOB, run_config=building))
    return requests


@dg.sensor(
    name="dead_runs",
    minimum_interval_seconds=BACKSTOP_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs failed whose process is gone.",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Reap runs of this machine."""
    reaped = reap(context.instance)
    return dg.SkipReason(f"marked failed: {', '.join(reaped)}" if reaped else "no dead runs")
