"""One large event file: ingest against a bare DuckDB import and pandas, and its peak memory.

Here: the sides, and the proof that all three hold the same rows. Not here: days of events
(growth.py, backfill.py) and what is in the file (event_rows.py).
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.bare_import import bare_import, column_types
from benchmarks.bench import Bench
from benchmarks.import_floor import floor
from benchmarks.ingest import LARGER, MEMORY_TARGET, floor_rows, ingest_file, peak
from benchmarks.measure import Row, in_turns, timed

EVENTS = 500_000
WARM_EVENTS = 500
BARE_TARGET = 1.5
PANDAS_TARGET = 0.33
"""At least three times as fast."""


class _Sides:
    """The sides on the same file.

    Attributes:
        contents: what each side holds in the end.
        processor: processor seconds of all threads.
    """

    def __init__(self, bench: Bench, path: Path):
        self._bench = bench
        self._path = path
        self.contents: dict[str, tuple[int, int]] = {}
        self.processor: dict[str, list[float]] = {"ours": [], "bare": []}

    def ours(self) -> float:
        """Ingest the file; return the seconds."""
        with self._bench.warehouse() as warehouse:
            with timed() as clock:
                ingest_file(warehouse, self._path)
            self.processor["ours"].append(clock.processor_seconds)
            self.contents["ours"] = _contents(warehouse.file, "raw.events")
        return clock.seconds

    def bare(self) -> float:
        """Let DuckDB import the file; return the seconds."""
        with self._bench.home() as settings:
            file = settings.home / "bare.duckdb"
            with timed() as clock:
                bare_import(file, "events", self._path, settings.threads)
            self.processor["bare"].append(clock.processor_seconds)
            self.contents["bare"] = _contents(file, "events")
        return clock.seconds

    def floor(self) -> float:
        """Let DuckDB import the file and check it, beside a digest of its bytes; return the seconds."""
        return floor(self._bench, "events", self._path)

    def pandas(self, engine: str = "c") -> float:
        """Let pandas read, type and write the file; return the seconds."""
        from benchmarks.pandas_events import to_parquet  # the job of the memory cannot find pandas

        with self._bench.home() as settings:
            file = settings.home / "events.parquet"
            with timed() as clock:
                to_parquet(self._path, file, engine)
            self.contents[f"pandas {engine}"] = _contents(None, f"read_parquet('{file}')")
        return clock.seconds

    def compare(self) -> int:
        """Check that all hold the same rows; return their number.

        Raises:
            RuntimeError: they do not; the figures would mean nothing.
        """
        if len(set(self.contents.values())) != 1:
            raise RuntimeError(f"the sides hold different rows (count, sum of hashes): {self.contents}")
        return self.contents["ours"][0]


def prepare(bench: Bench) -> None:
    """Make the files of both jobs."""
    count = round(EVENTS * bench.scale)
    for number, times in ((WARM_EVENTS, 1), (count, 1), (count, LARGER)):
        bench.events().single(number, times)


def measure(bench: Bench) -> list[Row]:
    """Measure the ingest of one event file."""
    warm = _Sides(bench, bench.events().single(WARM_EVENTS))
    in_turns(1, warm.ours, warm.bare, warm.floor, warm.pandas, partial(warm.pandas, engine="pyarrow"))
    path = bench.events().single(round(EVENTS * bench.scale))
    bench.log(f"ingest of {path.name}")
    sides = _Sides(bench, path)
    arrow = partial(sides.pandas, engine="pyarrow")
    ours, bare, least, pandas, cores = in_turns(bench.repeat, sides.ours, sides.bare, sides.floor, sides.pandas, arrow)
    what = f"{sides.compare():,} events × {len(column_types('events'))} columns"
    return [
        Row(f"ingest of {what} / bare DuckDB `read_csv`", ours, bare, BARE_TARGET),
        Row("… processor time of all cores", sides.processor["ours"], sides.processor["bare"]),
        *floor_rows(ours, bare, least),
        Row("… the same / pandas that reads, types and writes Parquet", ours, pandas, PANDAS_TARGET),
        _floor(bare, pandas),
        Row("… the same / pandas with pyarrow's parser", ours, cores),
    ]


def _floor(bare: list[float], pandas: list[float]) -> Row:
    """Return what bare DuckDB takes of pandas' time; ours stores the same rows in the same engine and checks them."""
    row = Row("… the least that target would leave us: bare DuckDB alone / pandas", bare, pandas)
    if row.ratio is not None and row.ratio > PANDAS_TARGET:
        return replace(row, what=f"{row.what}. It takes more than {PANDAS_TARGET} ×, so **the target is out of reach**")
    return row


def measure_memory(bench: Bench) -> list[Row]:
    """Measure the peak memory of a process that ingests the event file, and the file several times over."""
    count = round(EVENTS * bench.scale)
    bench.log("memory of the ingest of events")
    paths = [bench.events().single(count), bench.events().single(count, LARGER)]
    peaks, grown = in_turns(bench.repeat, *(partial(peak, bench, path) for path in paths))
    return [
        Row("peak memory, ingest of events", peaks, None, MEMORY_TARGET, unit="MB"),
        Row(f"peak memory, events, file {LARGER} times as large", grown, None, MEMORY_TARGET, unit="MB"),
        Row("… its growth / the file as it is (events)", grown, peaks, unit="MB"),
    ]


def _contents(file: Path | None, relation: str) -> tuple[int, int]:
    """Return the number of rows, and a sum of their hashes in the contract's types."""
    values = ", ".join(f"cast({name} as {dtype})" for name, dtype in column_types("events").items())
    with duckdb.connect(":memory:" if file is None else str(file), read_only=file is not None) as connection:
        sql = f"select count(*), coalesce(sum(hash({values})::hugeint), 0)::varchar from {relation}"
        count, total = connection.execute(sql).fetchall()[0]
    return int(count), int(total)
