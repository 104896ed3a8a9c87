"""The first snapshot of each file: right in that snapshot itself, and kept over failures, rebuilds and lost records.

Here: what `reports.files` says of it; no other report or mart is built. Not here: the record of runs
(test_run_record.py), and publishing (test_snapshots.py).
"""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest

from vsf_assets.pipeline import build as pipeline
from vsf_assets.pipeline import rebuild as rebuilding
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.publish import publish as publish_module
from vsf_assets.publish.empty_mart_check import EmptyTablesError
from vsf_assets.runs.record_file import record_file
from vsf_assets.snapshots.connect import connect_current
from vsf_assets.snapshots.current import snapshot_number
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.direct_models import build_models
from vsf_assets_tests.forms import changed_elsewhere
from vsf_assets_tests.prebuilt import compiled_models, put_built_warehouse
from vsf_assets_tests.warehouses import Home, clicks

SELECTED = ["fqn:vsf.intermediate.ledger", "fqn:vsf.intermediate.datasets", "fqn:vsf.reports.ledger.files"]


@pytest.fixture
def built(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose builds make `reports.files` alone, and whose other tables may be empty."""
    put_built_warehouse(home.settings)
    compiled = {full: compiled_models(full) for full in (False, True)}  # made by dbt itself

    def build(warehouse: Warehouse, _: object = (), full: bool = False) -> dbt.DbtOutcome:
        with warehouse.building() as target:
            build_models(target, compiled[full], SELECTED, full)
        return dbt.DbtOutcome()

    monkeypatch.setattr(dbt, "build", build)
    for module in (pipeline, rebuilding):
        monkeypatch.setattr(module, "table_infos", lambda *_: {})
    monkeypatch.setattr(rebuilding, "refuse_empty_tables", lambda *_: None)
    monkeypatch.setattr(publish_module, "refuse_empty_tables", lambda *_: None)
    return home


def publish(home: Home, minute: int) -> None:
    """Land, load and publish `clicks_<minute>.csv`."""
    home.land(f"clicks_{minute}.csv", clicks(minute), minute)
    home.ingest()
    assert pipeline.build_and_publish(home.warehouse, "test").snapshot is not None


def in_snapshot(home: Home) -> dict[str, tuple[int | None, datetime | None]]:
    """Return file -> its first snapshot and the time of publishing, as the current snapshot says."""
    opened = connect_current(home.settings)
    assert opened is not None
    with opened[1] as connection:
        sql = "select file_name, first_snapshot, published_at from reports.files order by file_name"
        return {name: (number, at) for name, number, at in connection.execute(sql).fetchall()}


def numbers(home: Home) -> dict[str, int | None]:
    return {name: number for name, (number, _) in in_snapshot(home).items()}


def test_a_file_is_found_with_its_snapshot_in_that_snapshot(built: Home) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    publish(built, 1)
    (first,) = in_snapshot(built).values()
    publish(built, 2)
    found = in_snapshot(built)
    assert found["clicks_1.csv"] == first
    assert numbers(built) == {"clicks_1.csv": 1, "clicks_2.csv": 2}
    times = [at for _, at in found.values()]
    assert all(at is not None for at in times)
    assert [before, *times] == sorted([before, *times], key=str)


def test_a_rebuild_takes_them_from_the_record_also_without_the_old_warehouse(built: Home) -> None:
    publish(built, 1)
    publish(built, 2)
    before = in_snapshot(built)
    built.lose_warehouse()
    assert rebuild(built.warehouse, "test").problems == []
    assert in_snapshot(built) == before
    record_file(built.root).unlink()
    assert rebuild(built.warehouse, "test").problems == []  # the warehouse knows them too
    assert in_snapshot(built) == before
    built.lose_warehouse()
    assert rebuild(built.warehouse, "test").problems == []  # from the record that was written again
    assert in_snapshot(built) == before
    record_file(built.root).unlink()
    built.lose_warehouse()
    assert rebuild(built.warehouse, "test").problems == []
    assert in_snapshot(built) == {"clicks_1.csv": (None, None), "clicks_2.csv": (None, None)}
    publish(built, 3)
    assert numbers(built) == {"clicks_1.csv": None, "clicks_2.csv": None, "clicks_3.csv": 7}


@pytest.mark.parametrize("error", [EmptyTablesError("a mart is empty"), OSError("no room")])
def test_a_snapshot_that_was_not_published_is_nobodys_first(
    built: Home, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    publish(built, 1)

    def fail(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch, pytest.raises(type(error)):
        patch.setattr(pipeline, "publish", fail)
        publish(built, 2)
    publish(built, 3)
    opened = connect_current(built.settings)
    assert opened is not None
    number = snapshot_number(opened[0])
    opened[1].close()
    assert numbers(built) == {"clicks_1.csv": 1, "clicks_2.csv": number, "clicks_3.csv": number}


def test_files_of_an_earlier_release_have_an_unknown_first_snapshot(built: Home) -> None:
    publish(built, 1)
    with changed_elsewhere(built.warehouse) as connection:
        connection.execute("drop table raw.published_files")
    record_file(built.root).unlink()
    publish(built, 2)
    assert numbers(built) == {"clicks_1.csv": None, "clicks_2.csv": 2}


def test_a_record_that_takes_no_unknown_first_snapshot_is_made_anew(built: Home) -> None:
    """An early form of the record, as homes of that time still have it."""
    publish(built, 1)
    publish(built, 2)
    with sqlite3.connect(record_file(built.root)) as record:
        known = record.execute("select * from published_files").fetchall()
        record.execute("drop table published_files")
        record.execute(
            "create table published_files (file_id integer primary key, first_snapshot integer not null,"
            " published_at text not null) without rowid"
        )
        record.executemany("insert into published_files values (?, ?, ?)", [row for row in known if row[1] == 2])
    with changed_elsewhere(built.warehouse) as connection:
        change = "update raw.published_files set first_snapshot = null, published_at = null where first_snapshot = 1"
        connection.execute(change)
    lines: list[str] = []
    built.land("clicks_3.csv", clicks(3), 3)
    built.ingest()
    pipeline.build_and_publish(built.warehouse, "test", progress=lines.append)
    assert [line for line in lines if "warning" in line] == []
    built.lose_warehouse()
    rebuild(built.warehouse, "test")
    assert numbers(built) == {"clicks_1.csv": None, "clicks_2.csv": 2, "clicks_3.csv": 3}


def test_a_record_that_cannot_be_written_is_filled_by_the_next_snapshot(built: Home) -> None:
    record_file(built.root).mkdir()
    lines: list[str] = []
    built.land("clicks_1.csv", clicks(1), 1)
    built.ingest()
    pipeline.build_and_publish(built.warehouse, "test", progress=lines.append)
    assert [line for line in lines if "warning" in line and str(record_file(built.root)) in line] != []
    record_file(built.root).rmdir()
    publish(built, 2)
    before = in_snapshot(built)
    built.lose_warehouse()
    rebuild(built.warehouse, "test")
    assert in_snapshot(built) == before
    assert numbers(built) == {"clicks_1.csv": 1, "clicks_2.csv": 2}
