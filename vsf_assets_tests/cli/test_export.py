"""`vsf export`: one plain file with every mart and report of a snapshot, and what is refused.

Not here: which snapshot a number names (test_query_options.py).
"""

from pathlib import Path

import duckdb
import pytest

from vsf_assets_tests.attached import attached
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.warehouses import clicks, conversions

TABLES = """
    select table_schema || '.' || table_name from information_schema.tables
    where table_catalog = current_database() and table_schema in ('marts', 'reports') order by 1
"""


@pytest.fixture
def published(home: Home) -> Home:
    """A home with two snapshots: with one click, and with two."""
    home.drop({"clicks_1.csv": clicks(1)})
    home.load(checked=False)
    home.drop({"clicks_1.csv": clicks(1, 2), "conversions_1.csv": conversions(2)})
    home.load(checked=False)
    return home


def rows_of(file: Path, is_plain: bool) -> dict[str, list[str]]:
    """Return every mart and report as sorted rows; a plain file is opened by DuckDB alone."""
    if not is_plain:
        with attached(file) as connection:
            return _rows(connection)
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return _rows(connection)


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    names = [name for (name,) in connection.execute(TABLES).fetchall()]
    return {name: sorted(map(repr, connection.execute(f"from {name}").fetchall())) for name in names}


def test_the_file_holds_what_that_snapshot_holds_and_replaces_an_earlier_one(published: Home, tmp_path: Path) -> None:
    file = tmp_path / "given away.duckdb"
    file.write_text("an earlier export")
    outcome = published.vsf("export", str(file))
    assert (outcome.exit_code, outcome.errors) == (0, "")
    expected = rows_of(published.current.resolve(), is_plain=False)
    assert rows_of(file, is_plain=True) == expected
    total = sum(map(len, expected.values()))
    assert f"wrote {len(expected)} tables with {total:,} rows of vsf-2.duckdb" in outcome.output
    with duckdb.connect(str(file), read_only=True) as connection:
        schemas = "select distinct schema_name from duckdb_tables() order by 1"
        assert connection.execute(schemas).fetchall() == [("marts",), ("reports",)]
        formats = "select tags['storage_version'] from duckdb_databases() where not internal"
        assert connection.execute(formats).fetchall() == [("v1.0.0+",)]  # which DuckDB 1.4 opens too
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [file.name]
    assert published.vsf("export", str(file), "--snapshot", "1").exit_code == 0
    names = "select file_name, rows_loaded from reports.files order by landed_at, file_name"
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(names).fetchall() == [("clicks_1.csv", 1)]


def test_comments_go_along(home: Home, tmp_path: Path) -> None:
    home.drop({"clicks_1.csv": clicks(1)})
    home.load(checked=False)
    with attached(home.current.resolve()) as connection:
        (given,) = connection.execute(
            "select comment from duckdb_columns() where schema_name = 'raw' and table_name = 'clicks'"
            " and column_name = 'click_id' and database_name = current_database()"
        ).fetchall()
    assert given[0]  # the snapshot has comments; those of marts are dbt's, which this home was built without
    snapshot = tmp_path / "vsf-1.duckdb"
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute("create schema marts; create table marts.t as select 1 as a")
        connection.execute("comment on table marts.t is 'it''s one'; comment on column marts.t.a is 'the ''a'''")
    from vsf_assets.config.settings import read_settings
    from vsf_assets.snapshots.export_file import export_snapshot

    export_snapshot(read_settings(), snapshot, tmp_path / "out.duckdb")
    with duckdb.connect(str(tmp_path / "out.duckdb"), read_only=True) as connection:
        assert connection.execute("select comment from duckdb_tables()").fetchall() == [("it's one",)]
        assert connection.execute("select comment from duckdb_columns() where table_name = 't'").fetchall() == [
            ("the 'a'",)
        ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.csv", "must end in .duckdb"),
        ("none/out.duckdb", "there is no folder"),
        ("home/snapshots/out.duckdb", "keeps its own files"),
        ("home/warehouse/out.duckdb", "keeps its own files"),
    ],
)
def test_names_that_do_not_fit_are_refused(home: Home, name: str, words: str) -> None:
    home.current.parent.mkdir()
    outcome = home.vsf("export", str(home.path.parent / name))
    assert outcome.exit_code == 2
    assert words in outcome.errors


def test_without_a_snapshot_nothing_is_written(home: Home, tmp_path: Path) -> None:
    outcome = home.vsf("export", str(tmp_path / "out.duckdb"))
    assert (outcome.exit_code, "no snapshot yet" in outcome.errors) == (1, True)
    assert not (tmp_path / "out.duckdb").exists()
