"""Connections to the warehouse: closed whatever happens, readable after a crash, tables as the contracts say."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets_tests.forms import changed_elsewhere
from vsf_assets_tests.warehouses import Home, clicks


def test_error_under_a_connection_closes_it_so_that_another_process_can_write(home: Home) -> None:
    with pytest.raises(RuntimeError), home.warehouse.write("test"):
        raise RuntimeError
    code = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create table t (a int)')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.warehouse.file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_failing_statement_in_a_transaction_leaves_nothing(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    before = home.state()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vsf_assets.warehouse.ledger._insert", lambda *_: 1 / 0)
        home.land("clicks_2.csv", clicks(2))
        with pytest.raises(ZeroDivisionError):
            home.ingest()
    assert home.state() == before
    home.ingest()
    assert home.click_ids() == [1, 2]


def test_what_was_committed_before_a_kill_is_read(home: Home) -> None:
    home.ingest()
    code = (
        "import duckdb, os, sys\n"
        "c = duckdb.connect(sys.argv[1])\n"
        "c.execute('insert into raw.clicks values (1, 2, 3, 4, 5)')\n"
        "c.execute('begin'); c.execute('insert into raw.clicks values (6, 6, 6, 6, 6)')\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(home.warehouse.file)], check=False)
    assert done.returncode == -9
    assert home.warehouse.file.with_name("warehouse.duckdb.wal").exists()
    assert home.click_ids() == [3]


def test_reading_without_a_warehouse_makes_none(home: Home) -> None:
    with home.warehouse.read("test") as connection:
        assert connection is None
    assert not home.warehouse.file.exists()


def test_reader_cannot_write(home: Home) -> None:
    home.ingest()
    with home.warehouse.read("test") as connection, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        assert connection is not None
        connection.execute("delete from raw.clicks")


def test_times_are_utc_and_the_catalog_is_named_warehouse(home: Home) -> None:
    home.ingest()
    with home.warehouse.read("test") as connection:
        assert connection is not None
        sql = "select current_setting('TimeZone'), current_database()"
        assert connection.execute(sql).fetchall() == [("UTC", "warehouse")]


@pytest.mark.parametrize(("earlier", "number"), [(None, 68), ("v1.0.0", 64)])
def test_a_new_warehouse_is_in_the_file_format_that_duckdb_1_5_opens(
    home: Home, earlier: str | None, number: int
) -> None:
    if earlier:  # a file keeps its own
        home.warehouse.file.parent.mkdir(parents=True, exist_ok=True)
        duckdb.connect(str(home.warehouse.file), config={"storage_compatibility_version": earlier}).close()
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    # The header of a DuckDB file: a checksum, the magic bytes, the number of the format. 1.5 reads 64 to 68.
    header = home.warehouse.file.read_bytes()[:20]
    assert (header[8:12], int.from_bytes(header[12:], "little")) == (b"DUCK", number)
    assert home.click_ids() == [1]


def test_ledger_of_another_version_is_refused(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    with changed_elsewhere(home.warehouse) as connection:
        connection.execute("alter table raw.files add column more integer")
    with pytest.raises(VsfError, match="vsf rebuild"), home.warehouse.write("test"):
        pass


def test_table_of_another_shape_keeps_its_rows_where_an_original_is_gone(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="delete")
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    with changed_elsewhere(home.warehouse) as connection:
        connection.execute("alter table raw.clicks add column more integer")
    with pytest.raises(VsfError, match="not every original is at hand"), home.warehouse.write("test"):
        pass
    assert home.click_ids() == [1]


def test_a_table_that_another_program_dropped_is_there_for_the_next_write(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()  # from here on, this process knows that all tables are there
    with changed_elsewhere(home.warehouse) as another:
        another.execute("drop table raw.conversions")
    with home.warehouse.write("test") as connection:
        assert connection.execute("select count(*) from raw.conversions").fetchall() == [(0,)]
    home.lose_warehouse()
    with home.warehouse.write("test") as connection:
        assert connection.execute("select count(*) from raw.clicks").fetchall() == [(0,)]
