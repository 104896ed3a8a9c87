"""Rows of a delivery in scratch: none is lost, their order stays, and what goes wrong in the thread is told.

Not here: what is read (engine/test_ingest.py), and that rows on disk and in memory are the same
(engine/test_catalog.py).
"""

from pathlib import Path

import polars as pl
import pytest

from vsf_assets.ingest import row_spool as parts
from vsf_assets.ingest.row_spool import Parts


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP", 4)
    monkeypatch.setattr(parts, "PART_BYTES", 0)
    monkeypatch.setattr(parts, "HELD_BYTES", -1)


def frame(first: int, last: int) -> pl.DataFrame:
    return pl.DataFrame({"_line": list(range(first, last + 1))}, schema={"_line": pl.Int64})


@pytest.mark.parametrize("waited_for", [-1, 1 << 20])
def test_rows_are_written_in_their_order_and_in_whole_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited_for: int
) -> None:
    monkeypatch.setattr(parts, "WAITED_FOR_BYTES", waited_for)
    with Parts(tmp_path / "scratch") as collected:
        for first, last in ((1, 3), (4, 9), (10, 10), (11, 18), (19, 21)):
            collected.add("raw.lines", frame(first, last))
            collected.add("raw.findings", frame(last, last))
        files, held = collected.finish()
    written = {table: [pl.read_parquet(path)["_line"].to_list() for path in paths] for table, paths in files.items()}
    assert held == {}
    # 3 and 6 rows are two groups and 1 row; with 1 and 8 more two groups and 2 rows; with 3 more one group and 1 row.
    assert [len(part) for part in written["raw.lines"]] == [8, 8, 4, 1]
    assert [line for part in written["raw.lines"] for line in part] == list(range(1, 22))
    assert [line for part in written["raw.findings"] for line in part] == [3, 9, 10, 18, 21]


def test_a_part_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "raw.lines-0000.parquet").mkdir()
    with Parts(tmp_path) as collected:
        collected.add("raw.lines", frame(1, 4))
        with pytest.raises(OSError, match="directory"):
            collected.finish()


def test_what_is_discarded_is_gone_from_scratch(tmp_path: Path) -> None:
    with Parts(tmp_path) as collected:
        collected.add("raw.lines", frame(1, 9))
        collected.discard()
        collected.add("raw.lines", frame(10, 10))
        files, _ = collected.finish()
    assert sorted(tmp_path.iterdir()) == files["raw.lines"]
    assert pl.read_parquet(files["raw.lines"])["_line"].to_list() == [10]
