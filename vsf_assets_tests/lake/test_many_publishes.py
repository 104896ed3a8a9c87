"""Many snapshots while another process commits: each one equals the warehouse at its version.

Here: every column of every table of each snapshot, against a model of the commits in plain Python, and wrong snapshots,
which the comparison must notice. Not here: what publishing checks itself (engine/test_snapshots.py), and readers
(cli/test_readers.py).
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.contracts import get_table
from vsf_assets.contracts.derived_schemas import create_sql
from vsf_assets.publish.publish import publish
from vsf_assets_tests import forms
from vsf_assets_tests.attached import attached
from vsf_assets_tests.warehouses import Home

PUBLISHES = int(os.environ.get("PUBLISHES", "200"))
FIRST = datetime.fromisoformat("2024-02-28")
KEPT = 60
"""Rounds after which rows are deleted."""
Row = tuple[Any, ...]
Tables = dict[str, list[Row]]

MAKE = f"""
create schema raw;
{create_sql(get_table("raw.clicks"))};
create schema marts;
"""
OF_ROUNDS = """
create table {schema}.kinds (
    number integer, big bigint, share double, flag boolean, day date, noon timestamp, amount decimal(18, 6), word text,
    words text[]
);
create table {schema}.rounds (number integer);
insert into {schema}.rounds values (0);
"""


def kinds(number: int) -> list[Row]:
    """Return the rows of all types that a round adds; every fifth value is null."""
    rows = []
    for n in range(number * 3, number * 3 + 3):
        day = FIRST + timedelta(hours=7 * n)
        values = [n * 2**33, n / 8, n % 2 == 0, day.date(), day, Decimal(n) / 1000, f"word {n % 17}", [f"a{n}", "b"]]
        rows.append((n, *(None if (n + k) % 5 == 0 else value for k, value in enumerate(values))))
    return rows


def change(connection: duckdb.DuckDBPyConnection, number: int, schema: str = "marts") -> None:
    """Change the warehouse as round `number` does; `schema` has the tables besides those of feeds."""
    connection.execute(f"update {schema}.rounds set number = ?", [number])
    ids = "range as click_id, range % 7 as campaign_id"
    connection.execute(f"insert into raw.clicks by name select {ids} from range({number * 10}, {number * 10 + 10})")
    connection.execute(f"update raw.clicks set campaign_id = null where click_id = {number * 10 + 3}")
    connection.execute(
        f"delete from raw.clicks where click_id < {(number - KEPT) * 10} or click_id = {number * 10 - 4}"
    )
    connection.executemany(f"insert into {schema}.kinds values (?, ?, ?, ?, ?, ?, ?, ?, ?)", kinds(number))
    connection.execute(f"delete from {schema}.kinds where number < ?", [(number - KEPT) * 3])


def commit(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Do round `number`; every second one in one transaction, others in several."""
    if number % 2:
        connection.execute("begin transaction")
    change(connection, number)
    if number % 2:
        connection.execute("commit")


def expected(number: int) -> Tables:
    """Return the rows that round `number` and those before it leave, by table; other tables have none."""
    first = max(1, number - KEPT)
    ids = [n for n in range(first * 10, number * 10 + 10) if n % 10 != 6 or n // 10 == number]
    return {
        "raw.clicks": [(n, None if n % 10 == 3 else n % 7) for n in ids],
        "marts.kinds": [row for n in range(first, number + 1) for row in kinds(n)],
        "marts.rounds": [(number,)],
    }


TABLES = ("raw.clicks", "marts.kinds", "marts.rounds")
"""All of this warehouse, so that a publish takes a tenth of the time that it takes with those of the platform."""

FILLED = {"raw.clicks": ("click_id", "campaign_id")}
"""Columns that the rounds fill, where the others are null."""


def figures(columns: Sequence[str], name: str, rows: list[Row]) -> list[Any]:
    """Return the number of rows, and least, greatest and number of nulls of each column, by the model."""
    filled = FILLED.get(name, columns)
    found: list[Any] = [len(rows)]
    for column in columns:
        values = [row[filled.index(column)] for row in rows] if column in filled else [None] * len(rows)
        known = [value for value in values if value is not None]
        found += [min(known, default=None), max(known, default=None), len(values) - len(known)]
    return found


def figures_of(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], at: str = "") -> list[Any]:
    """Return the same of a table of a snapshot, or of the warehouse at a version."""
    each = ", ".join(f'min("{c}"), max("{c}"), count(*) filter ("{c}" is null)' for c in columns)
    return list(connection.execute(f"select count(*), {each} from {name} {at}").fetchall()[0])


def columns_of(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    sql = """
        select table_schema || '.' || table_name, list(column_name order by ordinal_position)
        from information_schema.columns where table_catalog = current_database() group by all
    """
    return dict(connection.execute(sql).fetchall())


@contextmanager
def commits(home: Home) -> Iterator[Callable[[], None]]:
    """Let another process commit for a block; give a function that lets it begin a round once the last one is over.

    Whichever process holds the lock would else take it again before the other one sees that it is free.
    """
    (reading, writing), (over, ended) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        try:
            number = 0
            while os.read(reading, 1):
                number += 1
                with home.warehouse.lock("the other process"), home.warehouse.connect() as connection:
                    commit(connection, number)
                os.write(ended, b".")
            os._exit(0)
        finally:
            os._exit(1)
    os.write(ended, b".")
    os.close(reading)
    os.close(ended)

    def begin_next() -> None:
        assert os.read(over, 1), "the other process ended"
        os.write(writing, b".")

    try:
        yield begin_next
    finally:
        os.close(writing)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        os.close(over)


def version_of(snapshot: Path) -> int:
    """Return the version of the lake that a snapshot holds, as its catalog says."""
    with closing(connect(snapshot, read_only=True)) as connection:
        ((version,),) = connection.execute("select snapshot_id from ducklake_snapshot").fetchall()
    return int(version)


def compare(snapshot: Path) -> int:
    """Compare every column of every table of a snapshot with the model; return the round that it holds."""
    with attached(snapshot) as connection:
        ((number,),) = connection.execute("from marts.rounds").fetchall()
        model, columns = expected(number) if number else {"marts.rounds": [(0,)]}, columns_of(connection)
        assert model.keys() <= columns.keys() == set(TABLES)
        for name in TABLES:
            rows = model.get(name, [])
            found = figures_of(connection, name, columns[name])
            assert found == figures(columns[name], name, rows), (snapshot.name, name)
    return int(number)


@pytest.mark.lake
@pytest.mark.parametrize("form", ["file", "lake"])
def test_each_of_many_publishes_beside_a_writer_equals_the_warehouse_at_its_version(tmp_path: Path, form: str) -> None:
    lake = forms.variables(tmp_path / "home", has_lake=form == "lake")["VSF_LAKE"]
    home = Home(tmp_path / "home", LAKE=lake, KEEP_SNAPSHOTS=str(PUBLISHES), LOCK_WAIT_SECONDS="600")
    with home.warehouse.lock("test"), home.warehouse.connect() as connection:
        connection.execute(MAKE + OF_ROUNDS.format(schema="marts"))
    snapshots: list[Path] = []
    held: list[int] = []
    with commits(home) as begin_next:
        for number in range(1, PUBLISHES + 1):
            begin_next()
            time.sleep(number % 3 / 20)  # so that now this process is first, now the other one
            with home.warehouse.lock("publish"):
                held.append(round_of(home))
                snapshots.append(published(home, number))
    rounds = [compare(snapshot) for snapshot in snapshots]
    assert rounds == held == sorted(held)
    assert len(set(rounds)) > PUBLISHES / 4, "the other process hardly committed; the test says nothing"
    if form == "lake":
        agree_with_the_lake(home, snapshots)


def round_of(home: Home) -> int:
    """Return the last round that the warehouse holds; the caller has the lock."""
    with home.warehouse.connect(read_only=True) as connection:
        ((number,),) = connection.execute("from marts.rounds").fetchall()
    return int(number)


def published(home: Home, number: int) -> Path:
    """Publish a snapshot in a folder; the caller has the lock."""
    snapshot = publish(home.warehouse, number)
    assert isinstance(snapshot, Path)
    return snapshot


def agree_with_the_lake(home: Home, snapshots: list[Path]) -> None:
    """Ask the lake itself for its rows at the version of each snapshot."""
    versions = [version_of(snapshot) for snapshot in snapshots]
    assert versions == sorted(versions)
    with home.warehouse.read("test") as lake:
        assert lake is not None
        for snapshot, version in zip(snapshots, versions, strict=True):
            with attached(snapshot) as connection:
                for name in ("raw.clicks", "marts.kinds"):
                    columns = columns_of(connection)[name]
                    there = figures_of(lake, name, columns, f"at (version => {version})")
                    assert figures_of(connection, name, columns) == there, (snapshot.name, name)


_NEWEST = "(select max(data_file_id) from ducklake_data_file inner join ducklake_table using (table_id))"
WRONG = {
    "a row that was deleted": ("file", "insert into raw.clicks by name select 6 as click_id, 6 as campaign_id"),
    "a value of another row": ("file", "update marts.kinds set word = null where number = 7"),
    "a table as it was before": ("file", "update marts.rounds set number = 1"),
    "rows that are missing": ("lake", f"delete from ducklake_data_file where data_file_id = {_NEWEST}"),
    "rows that were deleted": ("lake", "delete from ducklake_delete_file"),
}
"""What is wrong with a copy of the second snapshot -> the form of the warehouse, and the statement that makes it so."""


def two_rounds(folder: Path, form: str) -> tuple[Home, list[Path]]:
    """Return a home that published after round 1 and after round 2."""
    lake = forms.variables(folder, has_lake=form == "lake")["VSF_LAKE"]
    home = Home(folder, LAKE=lake, KEEP_SNAPSHOTS="2")
    with home.warehouse.lock("test"):
        with home.warehouse.connect() as connection:
            connection.execute(MAKE + OF_ROUNDS.format(schema="marts"))
        snapshots = []
        for number in (1, 2):
            with home.warehouse.connect() as connection:
                commit(connection, number)
            snapshots.append(published(home, number))
    return home, snapshots


@pytest.mark.parametrize("what", WRONG)
def test_a_snapshot_that_is_wrong_in_one_table_is_noticed(tmp_path: Path, what: str) -> None:
    form, statement = WRONG[what]
    _, snapshots = two_rounds(tmp_path, form)
    assert [compare(snapshot) for snapshot in snapshots] == [1, 2]
    wrong = changed(snapshots[1], statement)
    with pytest.raises(AssertionError):
        compare(wrong)


def test_a_snapshot_at_another_version_is_noticed(tmp_path: Path) -> None:
    home, snapshots = two_rounds(tmp_path, "lake")
    agree_with_the_lake(home, snapshots)
    earlier = changed(snapshots[0], f"update ducklake_snapshot set snapshot_id = {version_of(snapshots[1])}")
    assert compare(earlier) == 1, "each table is as it was, all at one version"
    with pytest.raises(AssertionError):
        agree_with_the_lake(home, [earlier])


def changed(snapshot: Path, statement: str) -> Path:
    """Return a copy of a snapshot, beside it, in which a statement changed something."""
    copy = snapshot.with_name(f"wrong-{snapshot.name}")
    shutil.copyfile(snapshot, copy)
    with closing(duckdb.connect(str(copy))) as connection:
        ((count,),) = connection.execute(statement).fetchall()
    assert count > 0, "the snapshot is not wrong"
    return copy


def test_the_model_is_what_the_commits_do(tmp_path: Path) -> None:
    with closing(duckdb.connect()) as connection:
        connection.execute(MAKE + OF_ROUNDS.format(schema="marts"))
        for number in range(1, KEPT + 8):
            commit(connection, number)
            for name, rows in expected(number).items():
                filled = ", ".join(FILLED.get(name, ["*"]))
                found = connection.execute(f"select {filled} from {name}").fetchall()
                assert sorted(found, key=repr) == sorted(rows, key=repr), name
    assert date(2024, 2, 29) in {row[4] for row in kinds(2) + kinds(3)}
