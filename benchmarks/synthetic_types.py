"""Types and formats of made-up files beside the ten first types, and a million foreign keys.

Here: the time of each type's column, and whether every key is found in the other file. Not here: the loops of other
libraries and the memory (synthetic.py). A column's time is that of a CSV file with it alone; of a Template or Formula,
that of a file with its operands less one without it.
"""

from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import Schema, schema_of
from vsf_assets.synthetic.writers import Format, write_file

ROWS, KEYS = 200_000, 1_000_000
OF_THE_MEAN = 2
TODAY = "2026-01-01"

LATER: dict[str, dict[str, Any]] = {
    "First Name": {},
    "Last Name": {},
    "City": {},
    "Street": {},
    "Country": {},
    "Latitude": {},
    "Longitude": {},
    "IP Address": {},
    "URL": {},
    "Currency": {},
    "Normal Distribution": {},
    "Regular Expression": {"pattern": r"[A-Z]{2}-\d{6}"},
    "Template": {"template": "{Full Name|slug}-{Integer}"},
    "Formula": {"formula": "{Integer} * {Decimal} * 1.19"},
    "Foreign Key": {"schema": "people", "column": "name", "rows": 100_000},
}
LOCALIZED = ("Full Name", "Company Name", "Address", "Phone Number")
OPERANDS = {"Template": ("Full Name", "Integer"), "Formula": ("Integer", "Decimal")}


def _named(name: str, *columns: dict[str, Any]) -> Schema:
    return schema_of({"name": name, "today": TODAY, "columns": list(columns)})


PEOPLE = _named("people", {"name": "id", "type": "UUID", "unique": True}, {"name": "name", "type": "Full Name"})


def rows_of_types(bench: Bench, folder: Path, first_types: tuple[str, ...], ten: Schema) -> list[Row]:
    """Measure the later types and locales against the mean of the first ones, formats against CSV, and the keys."""
    rows = max(1000, round(ROWS * bench.scale))

    def seconds(*columns: dict[str, Any]) -> float:
        with timed() as clock:
            write_file(Frames(_named("one", *columns), rows, parents=[PEOPLE]), folder / "type.csv")
        return clock.seconds / rows * 1e6

    def mean_of_first() -> float:
        return sum(seconds({"name": kind, "type": kind}) for kind in first_types) / len(first_types)

    def of(kind: str, options: dict[str, Any]) -> float:
        operands = [{"name": name, "type": name} for name in OPERANDS.get(kind, ())]
        alone = seconds(*operands) if operands else 0.0
        return seconds(*operands, {"name": "x", "type": kind, **options}) - alone

    bench.log(f"making {rows:,} rows of each type")
    wanted = [*LATER.items(), *((kind, {"locale": "uk_UA"}) for kind in LOCALIZED)]
    mean, *each = in_turns(
        bench.repeat, mean_of_first, *(lambda kind=kind, options=options: of(kind, options) for kind, options in wanted)
    )
    table = [
        Row(
            f"column {kind}{' (uk_UA)' if 'locale' in options else ''}, beside the mean of the ten types",
            figures,
            mean,
            OF_THE_MEAN,
        )
        for (kind, options), figures in zip(wanted, each, strict=True)
    ]
    return [*table, *_formats(bench, folder, ten, rows), *_keys(bench, folder)]


def _formats(bench: Bench, folder: Path, ten: Schema, rows: int) -> list[Row]:
    def write(form: Format) -> float:
        with timed() as clock:
            write_file(Frames(ten, rows), folder / f"ten.{form}", form)
        return clock.seconds / rows * 1e6

    csv, lines, sql = in_turns(bench.repeat, lambda: write("csv"), lambda: write("jsonl"), lambda: write("sql"))
    return [Row("the ten types as JSON lines, beside CSV", lines, csv), Row("… as SQL, beside CSV", sql, csv)]


def _keys(bench: Bench, folder: Path) -> list[Row]:
    """Generate both files and count the keys that the other file does not have; none may be missing."""
    import duckdb

    keys = max(1000, round(KEYS * bench.scale))
    bench.log(f"making {keys:,} foreign keys, and looking for each in the other file")
    key = {"name": "person", "type": "Foreign Key", "schema": "people", "column": "id", "rows": keys, "seed": 5}
    with timed() as clock:
        write_file(Frames(_named("orders", key), keys, parents=[PEOPLE]), folder / "orders.csv")
    write_file(Frames(PEOPLE, keys, 5), folder / "people.csv")
    with duckdb.connect() as connection:
        found = connection.execute(
            "select count(*), count(distinct person), count(*) filter (person not in (select id from read_csv(?)))"
            " from read_csv(?)",
            [str(folder / "people.csv"), str(folder / "orders.csv")],
        ).fetchone()
    assert found is not None
    if found[0] != keys or found[2]:
        raise AssertionError(f"{found[2]} of {found[0]} keys are not in the other file")
    return [
        Row(
            f"{keys:,} foreign keys to {keys:,} rows ({found[1]:,} different ones); all are in the other file",
            [clock.seconds],
        )
    ]
