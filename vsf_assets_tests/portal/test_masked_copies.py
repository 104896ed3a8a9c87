"""Masked copies: no personal value in them, the counts and joins of the snapshot, and who makes and removes them.

Here: the copy of the portal's world, made as the portal makes it, and the keeper. Not here: who asks it by SQL
(test_masked_sql.py), and masking inside queries of pages (test_personal_data.py).
"""

import hmac
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from vsf_assets.backup.backup_home import back_up
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.contracts.personal import personal_kind
from vsf_assets.contracts.table import IDENTIFIER
from vsf_assets.masking import keep_copies, masked_snapshots
from vsf_assets.masking.copy_process import StoppedError, run_copy
from vsf_assets.masking.copy_state import FAILED, MADE, read_state
from vsf_assets.masking.keep_copies import CopyKeeper
from vsf_assets.masking.masked_copy import CopyLimits, make_masked
from vsf_assets.masking.masked_snapshots import every_copy, mark_of
from vsf_assets.publish.old_snapshots import prune
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets_tests.portal.world import MARKS, PHONES, World, forbidden_bytes

KEY = b"a key of pseudonyms, longer than 32 bytes"


@dataclass(frozen=True)
class Both:
    """A home with a snapshot and its masked copy."""

    settings: Settings
    snapshot: Path
    copy: Path

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection to both, as `own` and `masked`."""
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self.snapshot}' as own (read_only)")
            connection.execute(f"attach '{self.copy}' as masked (read_only)")
            yield connection


def home_with(root: Path, *snapshots: Path, **variables: str) -> Settings:
    """Return a home whose snapshots are copies of files: the last one is the current one."""
    settings = read_settings({"VSF_HOME": str(root / "home"), **variables})
    (settings.home / "portal").mkdir(parents=True)
    folder = Path(settings.snapshots)
    folder.mkdir()
    for number, file in enumerate(snapshots, 1):
        shutil.copyfile(file, folder / f"vsf-{number}.duckdb")
        point(settings, number)
    return settings


def point(settings: Settings, number: int) -> None:
    link = Path(settings.snapshots) / "current.duckdb"
    link.unlink(missing_ok=True)
    link.symlink_to(f"vsf-{number}.duckdb")


def small(folder: Path, number: int) -> Path:
    """Return a small snapshot with one line."""
    file = folder / f"small-{number}.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.dim_lines as select '{PHONES[0]}' as mtn, {number} as n")
    return file


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make copies in this process: starting one takes a second of processor time."""

    def run(
        snapshot: Path, target: Path, key: bytes, memory: str, threads: int, _: threading.Event, lake: str = ""
    ) -> None:
        try:
            make_masked(snapshot, target, key, CopyLimits(memory, threads, target.parent), lake)
        except duckdb.Error as error:
            raise VsfError(str(error)) from error

    monkeypatch.setattr(keep_copies, "run_copy", run)


def pseudonym(value: str) -> str:
    return f"anon-{hmac.new(KEY, value.encode(), 'sha256').hexdigest()[:20]}"


@pytest.fixture(scope="module")
def both(world: World, tmp_path_factory: pytest.TempPathFactory) -> Both:
    settings = home_with(tmp_path_factory.mktemp("masked"), (world.snapshots / "current.duckdb").resolve())
    assert CopyKeeper(settings, KEY).refresh()
    snapshot = Path(settings.snapshots) / "vsf-1.duckdb"
    return Both(settings, snapshot, Path(settings.snapshots) / "masked" / mark_of(KEY) / "vsf-1.duckdb")


def columns_of(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str, str, str]]:
    """Return (table, column, type) of every column of every schema."""
    return connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and not internal order by schema_name, table_name, column_index",
        [database],
    ).fetchall()


def marks_found(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, set[str]]:
    """Return each forbidden text -> the columns in which a value has it, of any table and type."""
    marks = [mark.decode() for mark in forbidden_bytes()]
    pattern = "|".join(map(re.escape, marks))
    found: dict[str, set[str]] = {}
    columns = columns_of(connection, database)
    for table in {table for table, _, _ in columns}:
        values = [
            f"select '{column}', v from (select distinct cast(\"{column}\" as varchar) as v from {database}.{table})"
            " where regexp_matches(v, $pattern)"
            for name, column, _ in columns
            if name == table
        ]
        for column, value in connection.execute(" union all ".join(values), {"pattern": pattern}).fetchall():
            for mark in marks:
                if mark in value:
                    found.setdefault(mark, set()).add(f"{table}.{column}")
    return found


def personal_values(connection: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    """Return the values of personal columns that are long enough not to stand elsewhere by chance."""
    values: set[str] = set()
    for table, column, _ in columns_of(connection, database):
        if personal_kind(column) == IDENTIFIER:
            sql = f'select distinct cast("{column}" as varchar) from {database}.{table} where "{column}" is not null'
            values |= {value for (value,) in connection.execute(sql).fetchall()}
    return {value for value in values if value != "unknown" and len(value) >= 6 and not value.isalpha()}


def test_a_masked_copy_has_no_personal_value_in_any_column(both: Both) -> None:
    with both.opened() as connection:
        assert marks_found(connection, "masked") == {}
        own = marks_found(connection, "own")
        comments = connection.execute(
            "select comment from duckdb_columns() where database_name = 'masked' and comment is not null"
            " union all select comment from duckdb_tables() where database_name = 'masked' and comment is not null"
        ).fetchall()
    assert set(MARKS) <= own.keys()  # the scan finds what is there
    assert comments
    assert not any(mark in text for (text,) in comments for mark in MARKS)


def test_no_value_of_a_personal_column_is_a_value_of_any_column_of_the_copy(both: Both) -> None:
    """Of all lines, accounts and ids of the samples too, not of the marked ones alone."""
    with both.opened() as connection:
        values = personal_values(connection, "own")
        assert len(values) > 40
        connection.execute("create temp table personal as select unnest($values) as v", {"values": sorted(values)})
        found = [
            (table, column, value)
            for table, column, _ in columns_of(connection, "masked")
            for (value,) in connection.execute(
                f'select v from personal where v in (select cast("{column}" as varchar) from masked.{table}) limit 1'
            ).fetchall()
        ]
    assert found == []


def test_no_byte_of_a_personal_value_is_in_the_file(both: Both) -> None:
    content, own = both.copy.read_bytes(), both.snapshot.read_bytes()
    assert [mark for mark in forbidden_bytes() if mark in content] == []
    assert all(phone.encode() in own for phone in PHONES)
    assert sorted(path.name for path in both.copy.parent.iterdir()) == [".making.lock", "vsf-1.duckdb"]
    assert both.copy.stat().st_mode & 0o777 == 0o444


def test_counts_groups_and_joins_equal_those_of_the_snapshot(both: Both) -> None:
    with both.opened() as connection:

        def equal(sql: str) -> object:
            own, masked = (connection.execute(sql.format(at=at)).fetchall() for at in ("own", "masked"))
            assert own == masked, sql
            return own

        tables = {table for table, _, _ in columns_of(connection, "masked")}
        read = {t for t, _, _ in columns_of(connection, "own") if t.split(".")[0] in ("marts", "reports", "raw")}
        assert tables == read
        columns = [(table, column) for table, column, _ in columns_of(connection, "masked")]
        for table in tables:
            names = [f'"{c}"' for t, c in columns if t == table and personal_kind(c) in ("", IDENTIFIER)]
            counts = ", ".join(f"count({name}), count(distinct {name})" for name in names)
            equal(f"select count(*), {counts} from {{at}}.{table}")
        for table, column in columns:
            if personal_kind(column) == IDENTIFIER:  # how often values repeat
                groups = f'select count(*) as c from {{at}}.{table} group by "{column}"'
                equal(f"select list(c order by c) from ({groups})")
        activity, lines = "{at}.marts.fct_activity_events", "{at}.marts.dim_lines"
        assert equal(f"select count(*) from {activity} join {lines} using (line_key)") != [(0,)]
        equal(f"select count(*) from {activity} a join {lines} l on a.mtn = l.mtn")
        by_device = "select device_grouping, count(distinct l.mtn)"
        equal(f"{by_device} from {activity} join {lines} l using (line_key) group by 1 order by 1")
        limits = "{at}.raw.limits"
        if "raw.limits" in tables:
            equal(f"select count(*) from {limits} join {lines} using (mtn)")


def test_pseudonyms_are_those_of_pages(both: Both) -> None:
    with both.opened() as connection:
        found = {mtn for (mtn,) in connection.execute("select mtn from masked.marts.dim_lines").fetchall()}
        hidden = connection.execute("select distinct raw_text from masked.reports.anomalies").fetchall()
    assert {*map(pseudonym, PHONES), "unknown"} <= found
    assert set(hidden) <= {("(hidden)",), (None,)}


def test_columns_types_and_descriptions_are_those_of_the_snapshot(both: Both) -> None:
    sql = (
        "select schema_name, table_name, column_name, comment, data_type from duckdb_columns()"
        " where database_name = ? and schema_name in ('marts', 'reports', 'raw') order by all"
    )
    with both.opened() as connection:
        own, masked = (connection.execute(sql, [name]).fetchall() for name in ("own", "masked"))
    assert [row[:4] for row in masked] == [row[:4] for row in own]
    assert {row[2] for row, copied in zip(own, masked, strict=True) if row[4] != copied[4]} == {
        "location_lat",
        "location_lng",
    }  # numbers, whose pseudonyms are texts
    assert sum(row[3] is not None for row in masked) > 100


def test_rows_do_not_stand_in_the_order_of_their_values(tmp_path: Path) -> None:
    """But stay together by day, since everybody sees that; tables without personal values are copied as they are."""
    source, target = tmp_path / "source.duckdb", tmp_path / "target.duckdb"
    with duckdb.connect(str(source)) as connection:
        connection.execute("create schema marts")
        mtn = "(5550000000 + n)::varchar as mtn"
        connection.execute(f"create table marts.dim_lines as select {mtn} from range(1000) t(n) order by n")
        day = "date '2030-01-01' + (n // 500)::int as day"
        connection.execute(f"create table marts.fct_days as select {mtn}, {day} from range(1000) t(n) order by n")
        connection.execute("create table marts.dim_days as select n from range(1000) t(n) order by n")
    make_masked(source, target, KEY, CopyLimits("100MB", 1, tmp_path))
    with duckdb.connect(str(target), read_only=True) as connection:

        def copied(sql: str) -> list[object]:
            return [row[0] for row in connection.execute(f"{sql} order by rowid").fetchall()]

        stored = [pseudonym(str(5550000000 + n)) for n in range(1000)]
        for table in ("dim_lines", "fct_days"):
            found = copied(f"select mtn from marts.{table}")
            assert sorted(map(str, found)) == sorted(stored)
            assert sum(one == other for one, other in zip(found, stored, strict=True)) < 20
        days = copied("select day from marts.fct_days")
        assert days == sorted(days, key=str)
        assert copied("select n from marts.dim_days") == list(range(1000))


@pytest.mark.usefixtures("in_process")
def test_a_copy_is_made_once_of_each_current_snapshot_and_again_with_another_key(tmp_path: Path) -> None:
    settings = home_with(tmp_path, small(tmp_path, 1))
    keeper = CopyKeeper(settings, KEY)
    assert (keeper.refresh(), keeper.refresh(), CopyKeeper(settings, KEY).refresh()) == (True, False, False)
    state = read_state(settings.home)
    assert state is not None
    assert (state.number, state.state) == (1, MADE)
    assert CopyKeeper(settings, b"another key").refresh()
    assert [copy.number for copy in every_copy(settings.snapshots)] == [1, 1]
    published = published_snapshots(settings)
    assert set(masked_snapshots.masked_snapshots(settings, mark_of(KEY), published)) == {1}
    shutil.copyfile(small(tmp_path, 2), Path(settings.snapshots) / "vsf-1.duckdb")  # as after a restore
    assert masked_snapshots.masked_snapshots(settings, mark_of(KEY), published) == {}
    assert keeper.refresh()
    copy = masked_snapshots.masked_snapshots(settings, mark_of(KEY), published)[1]
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("select n from marts.dim_lines").fetchall() == [(2,)]


def test_another_declaration_of_personal_columns_needs_another_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    before = mark_of(KEY)
    mark_of.cache_clear()
    declared = {**masked_snapshots.personal_names(), "device_carrier": IDENTIFIER}
    monkeypatch.setattr(masked_snapshots, "personal_names", lambda: declared)
    assert mark_of(KEY) != before
    mark_of.cache_clear()


def test_a_copy_that_fails_is_told_and_tried_again_later(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"no database" * 100)
    settings = home_with(tmp_path, small(tmp_path, 1), broken)
    now = [0.0]
    keeper = CopyKeeper(settings, KEY, lambda: now[0])
    with pytest.raises(Exception, match="not a valid DuckDB"):
        keeper.refresh()
    state = read_state(settings.home)
    assert state is not None
    assert (state.number, state.state) == (2, FAILED)
    assert "not a valid DuckDB" in state.reason
    assert keeper.refresh() is False
    shutil.copyfile(small(tmp_path, 2), Path(settings.snapshots) / "vsf-2.duckdb")
    now[0] = keep_copies.AGAIN + 1
    assert keeper.refresh()
    state = read_state(settings.home)
    assert state is not None
    assert (state.number, state.state) == (2, MADE)
    assert not [path.name for path in Path(settings.snapshots).rglob("*") if "tmp" in path.name]


def test_a_copy_ends_with_its_keeper_and_leaves_nothing(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    target = tmp_path / ".copy.tmp"
    target.write_bytes(b"of a killed attempt")
    with pytest.raises(StoppedError):
        run_copy(small(tmp_path, 1), target, KEY, "100MB", 1, stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small-1.duckdb"]


@pytest.mark.usefixtures("in_process")
def test_copies_go_with_their_snapshots_and_count_as_their_size(tmp_path: Path) -> None:
    settings = replace(home_with(tmp_path), keep_snapshots=1, keep_snapshot_hours=0)
    keeper = CopyKeeper(settings, KEY)
    for number in (1, 2, 3):
        file = Path(settings.snapshots) / f"vsf-{number}.duckdb"
        shutil.copyfile(small(tmp_path, number), file)
        os.utime(file, (1e9 + number, 1e9 + number))
        point(settings, number)
        assert keeper.refresh()
    folder = Path(settings.snapshots) / "masked"
    other = folder / "0123456789abcdef"
    other.mkdir()
    (other / "vsf-1.duckdb").write_bytes(b"x" * 1000)
    later = datetime.now(UTC) + timedelta(days=1)
    sizes = {n: (Path(settings.snapshots) / f"vsf-{n}.duckdb").stat().st_size for n in (1, 2, 3)}
    sizes = {n: size + (folder / mark_of(KEY) / f"vsf-{n}.duckdb").stat().st_size for n, size in sizes.items()}
    sizes[1] += 1000
    assert prune(settings, now=later, dry_run=True) == [sizes[2], sizes[1]]
    assert len(every_copy(settings.snapshots)) == 4
    assert prune(settings, now=later) == [sizes[2], sizes[1]]
    assert [copy.number for copy in every_copy(settings.snapshots)] == [3]
    assert not other.exists()
    limited = replace(settings, keep_snapshots=9, keep_snapshot_bytes=sizes[3] - 1)
    assert prune(limited, now=later) == []  # the current one stays


@pytest.mark.usefixtures("in_process")
def test_a_backup_has_no_masked_copy(tmp_path: Path) -> None:
    settings = home_with(tmp_path, small(tmp_path, 1))
    assert CopyKeeper(settings, KEY).refresh()
    made = back_up(settings, tmp_path / "backups", 1)
    kept = {path.name for path in (made.folder / "home" / "snapshots").rglob("*")}
    assert kept == {"current.duckdb", "vsf-1.duckdb"}
