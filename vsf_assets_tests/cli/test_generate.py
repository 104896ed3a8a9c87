"""`vsf generate`: files from the command line, and wrong input as exit code 2 with a clear word."""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from vsf_assets.synthetic.model.column_types import KINDS
from vsf_assets_tests.commandline import Home

SCHEMA = "name: people\ncolumns:\n- {name: id, type: Sequence}\n- {name: born, type: Date}\n"


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A schema in a folder of its own, which is the current one."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "s.yaml").write_text(SCHEMA)
    return folder


def test_a_file_of_the_schemas_name_with_as_many_rows(home: Home, schema: Path) -> None:
    done = home.vsf("generate", "s.yaml", "--rows", "3")
    assert (done.exit_code, done.output) == (0, f"people.csv: 3 rows, {(schema / 'people.csv').stat().st_size} bytes\n")
    lines = (schema / "people.csv").read_text().splitlines()
    assert lines[0] == "id,born"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]


def test_seeds_and_formats(home: Home, schema: Path) -> None:
    for words in (("-o", "0.csv"), ("--seed", "0", "-o", "1.csv"), ("--seed", "-5", "-o", "2.csv")):
        assert home.vsf("generate", "s.yaml", "--rows", "9", *words).exit_code == 0
    assert (schema / "0.csv").read_bytes() == (schema / "1.csv").read_bytes() != (schema / "2.csv").read_bytes()
    assert home.vsf("generate", "s.yaml", "--rows", "9", "-o", "a.parquet").exit_code == 0
    assert home.vsf("generate", "s.yaml", "--rows", "9", "-o", "b", "--format", "parquet").exit_code == 0
    assert pl.read_parquet("a.parquet").equals(pl.read_parquet("b"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("s.yaml", "--rows", "-1"), "rows: -1 is not allowed"),
        (("s.yaml", "--rows", "abc"), "'abc' is not a valid integer"),
        (("s.yaml", "--rows", "1.5"), "'1.5' is not a valid integer"),
        (("s.yaml",), "rows"),
        (("no.yaml", "--rows", "1"), "no.yaml: No such file"),
        (("s.yaml", "--rows", "1", "-o", "."), "not a regular file"),
        (("s.yaml", "--rows", "1", "--seed", "x"), "'x' is not a valid integer"),
    ],
)
def test_wrong_words_are_exit_2_and_write_nothing(home: Home, schema: Path, words: tuple[str, ...], said: str) -> None:
    done = home.vsf("generate", *words)
    assert (done.exit_code, said in done.errors) == (2, True), done.errors
    assert [path.name for path in schema.iterdir()] == ["s.yaml"]


def test_a_wrong_schema_is_exit_2_and_names_file_column_and_option(home: Home, schema: Path) -> None:
    (schema / "bad.yaml").write_text(SCHEMA.replace("Date", "Date, from: 2040-01-01"))
    done = home.vsf("generate", "bad.yaml", "--rows", "1")
    assert done.exit_code == 2
    today = datetime.now(UTC).date()
    assert f"column 'born', option from: 2040-01-01 is greater than to: {today}, the day" in done.errors


ORDERS = "name: orders\ncolumns:\n- {name: person, type: Foreign Key, schema: people, column: id, rows: 50}\n"


def test_a_foreign_key_needs_the_other_schema_and_its_values_are_those_of_the_other_file(
    home: Home, schema: Path
) -> None:
    (schema / "o.yaml").write_text(ORDERS)
    done = home.vsf("generate", "o.yaml", "--rows", "500", "-o", "o.csv", "--schema", "s.yaml")
    assert done.exit_code == 0, done.errors
    assert home.vsf("generate", "s.yaml", "--rows", "50", "-o", "p.csv").exit_code == 0
    parents = {line.split(",")[0] for line in (schema / "p.csv").read_text().splitlines()[1:]}
    assert set((schema / "o.csv").read_text().splitlines()[1:]) == parents
    missing = home.vsf("generate", "o.yaml", "--rows", "5")
    assert (missing.exit_code, "'people'; give its file with --schema FILE" in missing.errors) == (2, True)
    twice = home.vsf("generate", "o.yaml", "--rows", "5", "--schema", "s.yaml", "--schema", "s.yaml")
    assert (twice.exit_code, "is given twice" in twice.errors) == (2, True)


def test_schemas_in_a_circle_are_exit_2(home: Home, schema: Path) -> None:
    (schema / "o.yaml").write_text(ORDERS)
    (schema / "p.yaml").write_text(SCHEMA + "- {name: o, type: Foreign Key, schema: orders, column: person, rows: 2}\n")
    done = home.vsf("generate", "o.yaml", "--rows", "5", "--schema", "p.yaml")
    assert (done.exit_code, "in a circle: orders → people → orders" in done.errors) == (2, True)
    (schema / "o.yaml").write_text(ORDERS.replace("schema: people", "schema: orders"))
    done = home.vsf("generate", "o.yaml", "--rows", "5")
    assert (done.exit_code, "in a circle: orders → orders" in done.errors) == (2, True)


def test_default_dates_end_today_and_a_day_gives_the_same_file_on_another_day(home: Home, schema: Path) -> None:
    today = datetime.now(UTC).date()
    for name, words in (("a", ()), ("b", ("--today", today.isoformat())), ("c", ("--today", "2001-01-02"))):
        done = home.vsf("generate", "s.yaml", "--rows", "20000", "-o", f"{name}.csv", *words)
        assert done.exit_code == 0
        assert (f"--today {today} writes the same file" in done.errors) is (name == "a")
    assert (schema / "a.csv").read_bytes() == (schema / "b.csv").read_bytes()
    days = [{line.split(",")[1] for line in (schema / f"{name}.csv").read_text().splitlines()[1:]} for name in "ac"]
    assert max(days[0]) == today.isoformat()
    assert (min(days[1]), max(days[1])) == ("2000-01-01", "2001-01-02")
    (schema / "s.yaml").write_text("today: 1999-12-31\n" + SCHEMA.replace("Date", "Date, from: 1999-12-30"))
    home.vsf("generate", "s.yaml", "--rows", "100", "-o", "d.csv", "--today", "2020-01-01")
    found = {line.split(",")[1] for line in (schema / "d.csv").read_text().splitlines()[1:]}
    assert found == {"1999-12-30", "1999-12-31"}


def test_every_format_by_its_ending_and_the_list_of_types(home: Home, schema: Path) -> None:
    for ending, begin in (("jsonl", '{"id":1,"born":"'), ("sql", 'CREATE TABLE IF NOT EXISTS "people" (')):
        assert home.vsf("generate", "s.yaml", "--rows", "2", "-o", f"f.{ending}").exit_code == 0
        assert (schema / f"f.{ending}").read_text().startswith(begin)
    listed = home.vsf("generate", "--types").output
    assert [f"\n{kind.name}: " for kind in KINDS if f"\n{kind.name}: " not in f"\n{listed}"] == []


def test_a_wrong_schema_is_told_without_loading_much(schema: Path) -> None:
    code = "import sys, vsf_assets.cli.main as m\ntry: m.main()\nfinally: print(sorted(sys.modules))"
    words = [sys.executable, "-c", code, "generate", "no.yaml", "--rows", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert [
        name for name in ("dagster", "polars", "dbt", "faker", "duckdb", "pandera") if f"'{name}'" in done.stdout
    ] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_is_interrupted_leaves_nothing(schema: Path, number: signal.Signals) -> None:
    words = [sys.executable, "-m", "vsf_assets.cli.main", "generate", "s.yaml", "--rows", "1000000000"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as child:
        until = time.monotonic() + 60
        while not (begun := list(schema.glob(".*.tmp"))) and time.monotonic() < until:
            time.sleep(0.05)
        child.send_signal(number)
        _, errors = child.communicate(timeout=60)
    assert begun, "it was interrupted before it wrote anything"
    assert (child.returncode, "interrupted; nothing was written to people.csv" in errors) == (130, True), errors
    assert [path.name for path in schema.iterdir()] == ["s.yaml"]
