"""Dagster's run storage, with three differences that sensors depend on.

Here: what a re-execution inherits, what is remembered of runs that a person deletes, and the assets of a run that was
launched without naming them. Not here: how its file is connected to (sqlite_storages.py), the choice
of the storage (dagster.yaml), and what sensors read of past runs (past_runs.py).

A re-execution gets all tags of the run it repeats. Those of its process and of its outcome would be wrong: a run that
waits for its process would be marked as dead, and a run that a person stops would count as ended by the service. And a
deleted run leaves nothing, so that sensors would request again what a person has stopped: so the stop is kept. Runs of
the launchpad and of `dagster job execute` name no assets, so that automation would request a build again that they did,
or that a person stopped in them.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from dagster import AssetKey, DagsterRun, DagsterRunStatus, RunRecord, RunsFilter, serialize_value

from vsf_assets.resources.dagster_private import RunsTable, SqlRunStorage
from vsf_assets.resources.run_tags import ended_with_service, without_outcome
from vsf_assets.resources.sqlite_storages import RunsInSqlite

KEPT = 50
"""Deleted runs that are remembered; a newer run of its family or its job takes the place of each."""

_NAME = "vsf_deleted_stops"


class RunDifferences(SqlRunStorage):
    """The differences, for storages in any database."""

    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        """Add a run; a re-execution without the tags that tell of the other run alone."""
        if dagster_run.parent_run_id is not None:
            dagster_run = dagster_run.with_tags(without_outcome(dagster_run.tags))
        return super().add_run(dagster_run)

    def delete_run(self, run_id: str) -> None:
        """Delete a run; if a person had stopped it, the stop is kept."""
        self._keep(self.get_run_records(RunsFilter(run_ids=[run_id])))
        super().delete_run(run_id)

    def wipe(self) -> None:
        """Delete all runs; the newest that a person had stopped are kept as stops."""
        self._keep(self.get_run_records(RunsFilter(statuses=[DagsterRunStatus.CANCELED]), limit=KEPT))
        super().wipe()

    def note_assets(self, run_id: str, assets: Iterable[AssetKey]) -> None:
        """Record the assets of a run that was launched without naming them."""
        run = self._get_run_by_id(run_id)
        if run is not None and run.asset_selection is None:
            body = serialize_value(run._replace(asset_selection=frozenset(assets)))
            with self.connect() as connection:
                connection.execute(RunsTable.update().where(RunsTable.c.run_id == run_id).values(run_body=body))

    def deleted_stops(self) -> list[dict[str, Any]]:
        """Return the deleted runs that a person had stopped, newest first, as `_kept` describes each."""
        kept = json.loads(self.get_cursor_values({_NAME}).get(_NAME, "[]"))
        return [dict(stop) for stop in kept]

    def _keep(self, records: Sequence[RunRecord]) -> None:
        stopped = [record for record in records if record.dagster_run.status == DagsterRunStatus.CANCELED]
        stops = [_kept(record) for record in stopped if not ended_with_service(record.dagster_run.tags)]
        if stops:
            newest = sorted([*stops, *self.deleted_stops()], key=lambda stop: float(stop["created"]), reverse=True)
            self.set_cursor_values({_NAME: json.dumps(newest[:KEPT])})


class RunStorage(RunDifferences, RunsInSqlite):
    """The SQLite run storage with these differences; the configuration is the same (`base_dir`)."""


def _kept(record: RunRecord) -> dict[str, Any]:
    """Return what is kept of a run; the times are seconds since 1970."""
    run = record.dagster_run
    return {
        "job_name": run.job_name,
        "tags": dict(run.tags),
        "assets": sorted(key.to_user_string() for key in run.asset_selection or ()),
        "created": record.create_timestamp.timestamp(),
        "ended": record.end_time or record.update_timestamp.timestamp(),
    }
