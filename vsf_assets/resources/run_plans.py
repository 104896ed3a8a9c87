"""What Dagster keeps of the plan of a run: the checks and assets that it intends and may never reach.

Here: which planned events are not stored, which are forgotten when a run fails, and what Dagster computed from events
that are gone. Not here: storing events (event_log_storage.py), and what a run reaches (defs/).

Before a run starts, Dagster records every asset and check of its selection as planned. When the run has failed, it
shows all of them that did not come as failed: after one failed check, every other check as "Execution failed", and
every asset that the build never reached as red. Neither was tried. So plans of checks are not stored, and a failed run
keeps the plan only of the assets that it reports as broken; what it did not reach keeps the state it had before.
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg

BROKEN = "vsf/broken"
"""Metadata entry of an observation that says why an asset could not be made; the failed run is the asset's last."""

_UNREACHED = """
    select id, asset_key from event_logs as planned
    where run_id = :run_id and dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED' and partition is null
        and not exists (
            select 1 from event_logs as reached
            where reached.run_id = :run_id and reached.asset_key = planned.asset_key
                and (reached.dagster_event_type = 'ASSET_MATERIALIZATION'
                    or (reached.dagster_event_type = 'ASSET_OBSERVATION' and reached.event like :broken))
        )
"""
_LAST_RUN = """
    update asset_keys set last_run_id = (
        select run_id from event_logs
        where asset_key = :asset_key
            and dagster_event_type in ('ASSET_MATERIALIZATION_PLANNED', 'ASSET_MATERIALIZATION')
        order by id desc limit 1
    )
    where asset_key = :asset_key and last_run_id = :run_id
"""
_FORGET = "update asset_keys set cached_status_data = null, last_materialization = null"
_OF_PARTITION = """
    delete from event_logs where asset_key = :asset_key and partition = :partition
        and dagster_event_type in ('ASSET_MATERIALIZATION_PLANNED', 'ASSET_MATERIALIZATION', 'ASSET_OBSERVATION')
"""


def is_stored(event: dg.EventLogEntry) -> bool:
    """Return whether an event is stored: all are, except plans of checks."""
    return event.dagster_event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED


def is_end_of_failed_run(event: dg.EventLogEntry) -> bool:
    """Return whether a run failed with this event."""
    return event.dagster_event_type == dg.DagsterEventType.RUN_FAILURE


def forget_unreached(connection: Any, run_id: str) -> list[str]:
    """Remove the plans of a failed run for whole assets that it neither made nor reported as broken.

    Plans for single partitions stay: a person or a backfill asked for these, and sees that they failed.

    Args:
        connection: a SQLAlchemy connection to the event log, in a transaction.
        run_id: the run.

    Returns:
        The keys of the assets, as Dagster stores them.
    """
    import sqlalchemy

    values = {"run_id": run_id, "broken": f'%"{BROKEN}"%'}
    unreached = connection.execute(sqlalchemy.text(_UNREACHED), values).fetchall()
    for event_id, asset_key in unreached:
        connection.execute(sqlalchemy.text("delete from event_logs where id = :id"), {"id": event_id})
        connection.execute(sqlalchemy.text(_LAST_RUN), {"asset_key": asset_key, "run_id": run_id})
    return [asset_key for _, asset_key in unreached]


def forget_partitions(connection: Any, asset_key: str, partitions: Iterable[str]) -> None:
    """Remove the events of partitions of an asset, and what Dagster has computed from them.

    Args:
        connection: a SQLAlchemy connection to the event log, in a transaction.
        asset_key: the key, as Dagster stores it.
        partitions: the keys of the partitions.
    """
    import sqlalchemy

    for partition in partitions:
        values = {"asset_key": asset_key, "partition": partition}
        connection.execute(sqlalchemy.text(_OF_PARTITION), values)
    connection.execute(sqlalchemy.text(f"{_FORGET} where asset_key = :asset_key"), {"asset_key": asset_key})


def forget_newest_of(connection: Any, run_id: str) -> None:
    """Remove the copies of a deleted run's materializations that Dagster keeps as the newest of their assets.

    The UI would go on to show them, and automation would take them for news: their run, which would tell that it built
    from them, is gone. Without a copy, Dagster reads the newest event.

    Args:
        connection: a SQLAlchemy connection to the event log, in a transaction.
        run_id: the run.
    """
    import sqlalchemy

    values = {"run_id": run_id, "has_run": f'%"{run_id}"%'}
    where = "where last_run_id = :run_id or last_materialization like :has_run"
    connection.execute(sqlalchemy.text(f"{_FORGET} {where}"), values)
