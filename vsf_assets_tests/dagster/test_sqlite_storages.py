"""The storages of runs and schedules: what they remember of their files, and that they store what Dagster's own do.

Here: one file in one process. Not here: what runs and ticks are stored (the tests of sensors and of assets).
"""

import sqlite3
from pathlib import Path

import pytest

from vsf_assets.resources.sqlite_storages import RunsInSqlite, ScheduleStorage

STORAGES = [
    pytest.param(RunsInSqlite, "runs.db", "runs", id="runs"),
    pytest.param(ScheduleStorage, "schedules.db", "instigators", id="schedules"),
]


def tables(file: Path) -> set[str]:
    """List the tables of a file as another process sees them."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def stamps(file: Path) -> int:
    """Count the rows that say which of Dagster's migrations a file has."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        return int(connection.execute("select count(*) from alembic_version").fetchone()[0])


@pytest.mark.parametrize(("storage", "name", "table"), STORAGES)
def test_a_file_is_compared_with_the_migrations_once_in_a_process(
    storage: type, name: str, table: str, tmp_path: Path
) -> None:
    def make() -> None:
        assert type(storage.from_config_value(None, {"base_dir": str(tmp_path)})) is storage  # type: ignore[attr-defined]

    make()
    assert table in tables(tmp_path / name)
    assert stamps(tmp_path / name) == 1
    with sqlite3.connect(tmp_path / name) as connection:
        connection.execute("delete from alembic_version")
    make()
    assert stamps(tmp_path / name) == 0  # a comparison would have stored the row again

    (tmp_path / name).rename(tmp_path / "kept.db")  # as a restore does
    for end in ("-wal", "-shm"):
        (tmp_path / f"{name}{end}").unlink(missing_ok=True)
    make()
    assert table in tables(tmp_path / name)
    assert stamps(tmp_path / name) == 1


def test_a_table_that_is_missing_is_asked_for_again_until_it_is_there(tmp_path: Path) -> None:
    storage = ScheduleStorage.from_config_value(None, {"base_dir": str(tmp_path)})
    file = tmp_path / "schedules.db"
    older = tmp_path / "older" / "schedules.db"
    older.parent.mkdir()
    with sqlite3.connect(older) as connection:
        connection.execute("create table jobs (id integer)")
    storage = ScheduleStorage(f"sqlite:///{older}")
    assert not storage.has_instigators_table()
    with sqlite3.connect(older) as connection:
        connection.execute("create table instigators (id integer)")
    assert storage.has_instigators_table()
    assert "instigators" in tables(file)
