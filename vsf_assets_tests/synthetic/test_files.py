"""Files of made-up rows: the same bytes whatever the work was cut into, read back as made, whole or absent."""

import csv
import errno
import os
import signal
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsf_assets.common.errors import VsfError
from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import QUOTES, SEPARATORS
from vsf_assets.synthetic.request_spec import FORMATS
from vsf_assets.synthetic.writers import write_file
from vsf_assets_tests.forks import start_vsf
from vsf_assets_tests.synthetic.making import LATER, MORE, PARENT, TEN, column, schema

ALL = [
    *(column(kind, f"{place} {kind}", null_share=0.1 * (place % 3)) for place, kind in enumerate((*TEN, *MORE))),
    column("Choice", "c", values=["a,b", "c;d", "e|f", "g\th", "i j", 'k"l', "m'n", "o\np", "q\r\nr", "", "\\", " s "]),
    column("Date", "written", format="%d %b, %Y"),
    column("Email", "unique mail", unique=True),
]
ODD = st.text(st.sampled_from([",", ";", "|", "\t", " ", '"', "'", "\n", "\r", "a", "ü", "\\"]), max_size=5)


def made(path: Path, *columns: dict[str, Any], rows: int = 500, seed: int = 1, **fields: Any) -> pl.DataFrame:
    """Write a CSV file and return its rows as they were made."""
    frames = Frames(schema(*columns, **fields), rows, seed)
    assert write_file(frames, path).rows == rows
    return frames.frame(0, rows)


def as_text(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    """Return rows as a reader of texts sees them: times with a T, a missing value empty."""
    times = pl.selectors.datetime().dt.to_string("%Y-%m-%dT%H:%M:%S")
    return frame.select(pl.all()).with_columns(times).select(pl.all().cast(pl.String).fill_null("")).rows()


def read_by_python(path: Path, separator: str, quote: str) -> list[tuple[str, ...]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [tuple(row) for row in csv.reader(file, delimiter=separator, quotechar=quote, strict=True)]


def read_by_duckdb(path: Path, separator: str, quote: str) -> list[tuple[str, ...]]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select coalesce(columns(*), '') from read_csv(?, delim = ?, quote = ?, escape = ?, header = true,"
            " all_varchar = true, auto_detect = false, columns = ?, null_padding = false, new_line = '\\n')",
            [str(path), separator, quote, quote, dict.fromkeys(header(path, separator, quote), "VARCHAR")],
        )
        return rows.fetchall()


def header(path: Path, separator: str, quote: str) -> tuple[str, ...]:
    return read_by_python(path, separator, quote)[0]


@pytest.mark.parametrize("quote", QUOTES)
@pytest.mark.parametrize("separator", SEPARATORS)
def test_readers_give_back_what_was_made(tmp_path: Path, separator: str, quote: str) -> None:
    frame = made(tmp_path / "f.csv", *ALL, separator=separator, quote=quote)
    for read in (read_by_python, read_by_duckdb):
        found = read(tmp_path / "f.csv", SEPARATORS[separator], QUOTES[quote])
        assert found[-500:] == as_text(frame)
    assert list(header(tmp_path / "f.csv", SEPARATORS[separator], QUOTES[quote])) == frame.columns


@given(
    names=st.lists(ODD.filter(bool), min_size=1, max_size=3, unique=True),
    choices=st.lists(ODD, min_size=1, max_size=4, unique=True),
    separator=st.sampled_from(list(SEPARATORS.values())),
    quote=st.sampled_from(list(QUOTES.values())),
    null_share=st.sampled_from([0, 0.5]),
)
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    choices: list[str],
    separator: str,
    quote: str,
    null_share: float,
) -> None:
    path = tmp_path_factory.mktemp("odd") / "f.csv"
    columns = [column("Choice", name, values=choices, null_share=null_share) for name in names]
    frame = made(path, *columns, rows=20, separator=separator, quote=quote)
    assert read_by_python(path, separator, quote) == [tuple(names), *as_text(frame)]


@pytest.mark.parametrize(
    ("lowest", "days"), [("0001-01-01", 60), ("1969-12-30", 4), ("2023-12-15", 499), ("9999-12-01", 30)]
)
def test_many_days_of_a_short_range_are_written_like_any_day(tmp_path: Path, lowest: str, days: int) -> None:
    ends = {"from_": lowest, "to": (date.fromisoformat(lowest) + timedelta(days)).isoformat()}
    columns = [column("Date", "a", null_share=0.3, **ends), column("Date", "b", unique=days == 499, **ends)]
    frame = made(tmp_path / "f.csv", *columns, rows=500)
    assert frame.dtypes == [pl.Date, pl.Date]
    expected = [tuple(day.isoformat() if day else "" for day in row) for row in frame.rows()]
    assert read_by_python(tmp_path / "f.csv", ",", '"') == [("a", "b"), *expected]
    assert (len({day for _, day in expected}) == 500) is (days == 499)


def test_missing_and_empty_are_told_apart_where_a_reader_can(tmp_path: Path) -> None:
    made(tmp_path / "f.csv", column("Constant", "a", value=""), column("Job", "b", null_share=1), rows=1)
    assert (tmp_path / "f.csv").read_bytes() == b'a,b\n"",\n'


def test_a_lone_column_has_no_empty_lines(tmp_path: Path) -> None:
    made(tmp_path / "f.csv", column("Integer", null_share=1), rows=2)
    assert (tmp_path / "f.csv").read_bytes() == b'x\n""\n""\n'


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_rows_give_the_header_alone(tmp_path: Path, form: Any) -> None:
    path = tmp_path / "f"
    write_file(Frames(schema(*ALL, separator=";"), 0), path, form)
    if form == "csv":
        assert path.read_text() == ";".join(each["name"] for each in ALL) + "\n"
    else:
        assert pl.read_parquet(path).equals(Frames(schema(*ALL), 5).empty)


@pytest.mark.parametrize("form", FORMATS)
def test_the_bytes_do_not_depend_on_how_the_work_was_cut(tmp_path: Path, form: Any) -> None:
    columns = (
        *ALL,
        *LATER,
        column("Integer", "Integer"),
        column("Decimal", "Decimal"),
        column("Full Name", "Full Name"),
    )

    def bytes_of(seed: int, **how: Any) -> bytes:
        write_file(Frames(schema(*columns), 3000, seed, parents=[PARENT]), tmp_path / "f", form, **how)
        return (tmp_path / "f").read_bytes()

    first = bytes_of(7)
    assert [bytes_of(7, portion_rows=rows, threads=threads) == first for rows, threads in ((1000, 1), (37, 3))] == [
        True,
        True,
    ]
    assert bytes_of(8) != first


def test_another_column_changes_no_other() -> None:
    one, two = schema(*ALL), schema(column("Job", "new"), *ALL)
    assert Frames(one, 50).frame(0, 50).equals(Frames(two, 50).frame(0, 50).drop("new"))


def test_parquet_keeps_types_and_missing_values(tmp_path: Path) -> None:
    frames = Frames(schema(*ALL), 2000)
    write_file(frames, tmp_path / "f.parquet", "parquet", portion_rows=300)
    assert pl.read_parquet(tmp_path / "f.parquet").equals(frames.frame(0, 2000))


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_of_every_type_and_format(tmp_path: Path, rows: int) -> None:
    columns = (*ALL, *LATER, *(column(kind, kind) for kind in ("Integer", "Decimal", "Full Name")))
    frames = Frames(schema(*columns), rows, parents=[PARENT])
    for form in FORMATS:
        write_file(frames, tmp_path / "f", cast(Any, form))
        if form == "parquet":
            assert pl.read_parquet(tmp_path / "f").equals(frames.frame(0, rows))
        elif form == "jsonl":
            assert len((tmp_path / "f").read_text().splitlines()) == rows


def test_progress_tells_every_portion(tmp_path: Path) -> None:
    for form in FORMATS:
        reported: list[int] = []
        write_file(
            Frames(schema(*ALL), 1000), tmp_path / "f", cast(Any, form), progress=reported.append, portion_rows=300
        )
        assert reported == [300, 600, 900, 1000]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_full_disk_is_a_clear_error_and_leaves_the_old_file(
    tmp_path: Path, form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full here")
    (tmp_path / "f").write_text("old")
    opened = os.open
    monkeypatch.setattr(os, "open", lambda *_: opened("/dev/full", os.O_WRONLY))
    with pytest.raises(VsfError, match="the disk is full; nothing was left"):
        write_file(Frames(schema(*ALL), 5000), tmp_path / "f", form)
    monkeypatch.undo()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("f", "old")]


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(VsfError, match=os.strerror(errno.ENOENT)):
        write_file(Frames(schema(*ALL), 5), tmp_path / "no" / "f")


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, stop: signal.Signals
) -> None:
    (tmp_path / "s.yaml").write_text("name: s\ncolumns:\n- {name: a, type: Text}\n- {name: b, type: Address}\n")
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    child = start_vsf("generate", "../s.yaml", "--rows", "1000000000", "-o", f"f.{form}")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list((tmp_path / "out").iterdir())
    time.sleep(0.2)
    child.send_signal(stop)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert f"nothing was written to f.{form}" in errors
    assert list((tmp_path / "out").iterdir()) == []
