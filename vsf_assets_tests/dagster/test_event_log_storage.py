"""The event log: batches in one transaction, and the buffer of a run.

Here: what is stored when, and what happens when storing fails. Not here: plans of failed runs (test_run_plans.py).
"""

import sqlite3
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster import EventLogEntry
from dagster._core.events import StepMaterializationData

from vsf_assets.resources import event_log_storage
from vsf_assets.resources.event_log_storage import EventLogStorage
from vsf_assets_tests.waiting import wait_until


@pytest.fixture
def storage(tmp_path: Path) -> EventLogStorage:
    return EventLogStorage(str(tmp_path))


def entry(message: str) -> EventLogEntry:
    return EventLogEntry(
        error_info=None, level=20, user_message=message, run_id="r", timestamp=time.time(), dagster_event=None
    )


def stored(folder: Path) -> int:
    """Count what another process sees."""
    with sqlite3.connect(f"file:{folder / 'event_log.db'}?mode=ro", uri=True) as connection:
        return int(connection.execute("select count(*) from event_logs").fetchone()[0])


def test_a_batch_is_stored_whole_or_not_at_all(storage: EventLogStorage, tmp_path: Path) -> None:
    storage.store_event_batch([entry(str(n)) for n in range(5)])
    assert stored(tmp_path) == 5
    with pytest.raises(Exception, match="NoneType"):
        storage.store_event_batch([entry("good"), None])  # type: ignore[list-item]
    assert stored(tmp_path) == 5
    storage.store_event(entry("one"))
    assert stored(tmp_path) == 6


def materialized(key: dg.AssetKey, run: str) -> EventLogEntry:
    data = StepMaterializationData(dg.AssetMaterialization(key))
    event = dg.DagsterEvent(dg.DagsterEventType.ASSET_MATERIALIZATION.value, "job", event_specific_data=data)
    return EventLogEntry(None, 10, "", run, time.time(), dagster_event=event, job_name="job")


def test_the_buffer_is_stored_each_second_before_a_read_and_at_the_end(
    storage: EventLogStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log_storage, "FLUSH_SECONDS", 600.0)
    with storage.buffered():
        storage.store_event(entry("1"))
        storage.store_event(entry("2"))
        assert stored(tmp_path) == 0
        assert [record.event_log_entry.user_message for record in storage.get_records_for_run("r").records] == [
            "1",
            "2",
        ]
        storage.store_event(entry("3"))
        assert stored(tmp_path) == 2
    assert stored(tmp_path) == 3
    monkeypatch.setattr(event_log_storage, "FLUSH_SECONDS", 0.05)
    with storage.buffered():
        storage.store_event(entry("4"))
        wait_until(lambda: stored(tmp_path) == 4)  # nothing else happens, and the UI shows it all the same


def test_an_interrupt_loses_no_event_and_stores_none_twice(storage: EventLogStorage, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), storage.buffered():
        for number in range(100):
            storage.store_event(entry(str(number)))
        raise KeyboardInterrupt
    assert stored(tmp_path) == 100


def test_events_that_cannot_be_stored_are_an_error_of_the_run(
    storage: EventLogStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: EventLogEntry) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), storage.buffered():
        monkeypatch.setattr(storage, "_store", fail)
        storage.store_event(entry("lost"))
        storage.get_records_for_run("r")


def test_a_column_that_is_there_is_looked_up_once(
    storage: EventLogStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "event_log.db") as connection:
        connection.execute("alter table asset_keys add column of_a_migration")
    assert storage.has_asset_key_col("of_a_migration")
    assert not storage.has_asset_key_col("of_the_next_one")
    with sqlite3.connect(tmp_path / "event_log.db") as connection:
        connection.execute("alter table asset_keys add column of_the_next_one")
    assert storage.has_asset_key_col("of_the_next_one")
    monkeypatch.setattr(storage, "_connect", None)
    assert storage.has_asset_key_col("of_a_migration")
    assert storage.has_asset_key_col("last_materialization")


def test_records_of_assets_show_what_this_run_wrote_and_leave_other_events_waiting(
    storage: EventLogStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log_storage, "FLUSH_SECONDS", 600.0)
    first, second, third = (dg.AssetKey(name) for name in ("first", "second", "third"))
    storage.store_event(materialized(third, "before"))

    def newest(*keys: dg.AssetKey) -> list[str]:
        records = [record.asset_entry.last_materialization_record for record in storage.get_asset_records(keys)]
        return [record.event_log_entry.run_id for record in records if record is not None]

    reads = []
    read = EventLogStorage._stored_records
    monkeypatch.setattr(EventLogStorage, "_stored_records", lambda s, keys: reads.append(set(keys)) or read(s, keys))
    with storage.buffered():
        storage.store_event(materialized(first, "one"))
        storage.store_event(materialized(second, "one"))
        assert newest(third) == ["before"]
        assert stored(tmp_path) == 1, "nobody reads the events that wait"
        assert newest(first) == ["one"]
        assert newest(second, third, first) == ["one", "before", "one"]
        assert reads == [{third}, {first, second}, {third}], "what this run wrote is read together, once"
        storage.store_event(materialized(first, "two"))
        assert newest(first, second) == ["two", "one"]
        storage.wipe_asset(second)
        assert newest(first, second) == ["two"]
        storage.store_event(materialized(second, "three"))
        storage.store_event(entry("no asset"))
        assert newest(second) == ["three"]
    assert newest(first, second, third) == ["two", "three", "before"]
    assert storage.get_asset_records([]) == []
    assert {record.asset_entry.asset_key for record in storage.get_asset_records()} == {first, second, third}
