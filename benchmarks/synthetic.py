"""Made-up files: ten columns of the ten first types, against loops of Faker and mimesis, and a finished frame.

Here: the sides and the memory of a large file. `python -m benchmarks.synthetic ROWS FILE` makes one and prints its peak
memory. Not here: the other types (synthetic_types.py) and the engine. Figures are seconds per million rows, since the
loops make fewer rows. Rows are made by all cores, and polars writes with one: where other programs keep a core busy,
the ratio of processor time is the steadier one.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bench import Bench
from benchmarks.measure import Row, in_turns, timed
from benchmarks.memory import peak_megabytes
from benchmarks.synthetic_types import TODAY, rows_of_types
from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import Schema, schema_of
from vsf_assets.synthetic.writers import write_file

ROWS, LARGE = 1_000_000, 10_000_000
LOOP_ROWS = {"Faker": 5_000, "mimesis": 50_000}
FASTER_THAN = {"Faker": 1 / 100, "mimesis": 1 / 10}
OF_THE_FLOOR, MEGABYTES = 2.4, 500
TYPES = (
    "Full Name",
    "Job",
    "Email",
    "Domain Name",
    "Phone Number",
    "Company Name",
    "Text",
    "Integer",
    "Address",
    "Date",
)


def ten_columns(is_unique: bool = False) -> Schema:
    """Return the schema of the ten types; unique where ten million values can be."""
    columns: list[dict[str, Any]] = [{"name": kind.lower(), "type": kind} for kind in TYPES]
    for column in columns:
        column["unique"] = is_unique and column["type"] not in ("Job", "Date")
        column |= {"to": 10**9} if column["type"] == "Integer" else {}
    return schema_of({"name": "ten", "today": TODAY, "columns": columns})


def measure(bench: Bench) -> list[Row]:
    """Measure all sides in turns, and the memory of ten million rows."""
    with TemporaryDirectory(prefix="synthetic-", dir=bench.root) as folder:
        return _measure(bench, Path(folder))


def _measure(bench: Bench, folder: Path) -> list[Row]:
    rows = max(1000, round(ROWS * bench.scale))
    frames = Frames(ten_columns(), rows)
    built = frames.frame(0, rows).rechunk()
    bench.log(f"making up {rows:,} rows, in turns with polars, Faker and mimesis")

    spent: dict[str, list[float]] = {"ours": [], "floor": []}

    def written(name: str, write: Callable[[Path], object]) -> float:
        path = _fresh(folder / f"{name}.csv")
        with timed() as clock:
            write(path)
        spent[name].append(clock.processor_seconds / rows * 1e6)
        return clock.seconds / rows * 1e6

    def ours() -> float:
        return written("ours", lambda path: write_file(Frames(ten_columns(), rows), path))

    def floor() -> float:
        return written("floor", built.write_csv)

    loops = {"Faker": _faker(), "mimesis": _mimesis()}
    loop_rows = {name: max(100, round(count * bench.scale)) for name, count in LOOP_ROWS.items()}

    def loop(name: str) -> Callable[[], float]:
        def side() -> float:
            with timed() as clock:
                _write(folder / f"{name}.csv", (loops[name]() for _ in range(loop_rows[name])))
            return clock.seconds / loop_rows[name] * 1e6

        return side

    mine, bare, *others = in_turns(bench.repeat, ours, floor, *(loop(name) for name in loops))
    table = [
        Row(f"{rows:,} rows, beside polars writing the same frame (per million)", mine, bare, OF_THE_FLOOR),
        Row("… processor time of all cores (per million)", spent["ours"], spent["floor"]),
    ]
    for name, figures in zip(loops, others, strict=True):
        table.append(Row(f"… beside a loop of {name} (per million)", mine, figures, FASTER_THAN[name]))
    table += rows_of_types(bench, folder, TYPES, ten_columns())
    large = max(1000, round(LARGE * bench.scale))
    for what in ("plain", "unique"):
        bench.log(f"making up {large:,} rows, {what}, for the memory")
        peaks = [_peak(folder / "large.csv", large, what) for _ in range(bench.repeat)]
        table.append(Row(f"peak memory, {large:,} rows, {what}", peaks, at_most=MEGABYTES, unit="MB"))
    return table


def _fresh(path: Path) -> Path:
    """Remove what an earlier turn wrote, and wait for the disk, so that no turn pays for another one's file.

    A rename over an existing file makes ext4 flush the new one at once, which a first file never pays for.
    """
    path.unlink(missing_ok=True)
    os.sync()
    return path


def _write(path: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def _faker() -> Callable[[], tuple[Any, ...]]:
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(1)
    return lambda: (
        fake.name(),
        fake.job(),
        fake.email(),
        fake.domain_name(),
        fake.phone_number(),
        fake.company(),
        fake.paragraph(nb_sentences=fake.random_int(1, 3), variable_nb_sentences=False),
        fake.random_int(0, 1_000_000),
        fake.address(),
        fake.date_between("-20y").isoformat(),
    )


def _mimesis() -> Callable[[], tuple[Any, ...]]:
    # Installed by `make bench` only.
    from mimesis import Generic  # type: ignore[import-not-found]
    from mimesis.locales import Locale  # type: ignore[import-not-found]

    made = Generic(locale=Locale.EN, seed=1)
    return lambda: (
        made.person.full_name(),
        made.person.occupation(),
        made.person.email(),
        made.internet.hostname(),
        made.person.phone_number(),
        made.finance.company(),
        made.text.text(quantity=made.numeric.integer_number(1, 3)),
        made.numeric.integer_number(0, 1_000_000),
        made.address.address(),
        made.datetime.date().isoformat(),
    )


def _peak(path: Path, rows: int, what: str) -> float:
    command = [sys.executable, "-m", "benchmarks.synthetic", str(rows), str(path), what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    requested = ten_columns(is_unique=sys.argv[3] == "unique")
    write_file(Frames(requested, int(sys.argv[1])), Path(sys.argv[2]))
    print(peak_megabytes())
