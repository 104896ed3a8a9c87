"""DuckDB spills to scratch also where nothing made scratch before.

Here: a query that needs more memory than it may take. Not here: a full disk (engine/test_full_disk.py).
"""

from pathlib import Path

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.storage.spill_folder import spill_folder

ROWS = 300_000


def test_duckdb_spills_in_a_home_that_has_no_scratch_yet(tmp_path: Path) -> None:
    folder = spill_folder(tmp_path / "home" / "scratch")
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "30MB",
        "threads": 1,
        "temp_directory": folder,
    }
    with connect(config=config) as connection:
        connection.execute(f"create table t as select range as n, repeat(md5(range::varchar), 9) from range({ROWS})")
        assert connection.execute("select count(*), count(distinct n) from t").fetchall() == [(ROWS, ROWS)]
        assert connection.execute("select count(*) > 0 from duckdb_temporary_files()").fetchall() == [(True,)]
        assert Path(folder).parent == tmp_path / "home" / "scratch"
