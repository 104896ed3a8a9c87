"""`vsf query` and `-o` of every command: terminals, files, standard output, earlier snapshots, statements that write.

Not here: the bytes of each format (test_output.py).
"""

import json
import os
import subprocess
from pathlib import Path

import duckdb
import pytest

from vsf_assets_tests.cli.test_output import VSF, on_a_terminal, piped
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.forms import name_home

SCHEMA = "name: people\ncolumns:\n- name: who\n  type: Full Name\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with snapshots 2 and 4, and a copy 5 that is not published yet; each holds its number."""
    home = enter_home(tmp_path / "home", monkeypatch)
    home.current.parent.mkdir()
    for number in (2, 4, 5):
        with duckdb.connect(str(home.current.with_name(f"vsf-{number}.duckdb"))) as connection:
            connection.execute(f"create table n as select {number} as n")
    home.current.symlink_to("vsf-4.duckdb")
    return home


def test_a_terminal_shows_the_first_rows_and_a_pipe_gets_all(home: Home) -> None:
    shown = on_a_terminal("query", "from range(1234)").decode().splitlines()
    assert shown[-2:] == ["   39", "first 40 of 1,234 rows; -o FILE for all (.csv or .json)"]
    assert len(shown) == 2 + 40 + 1
    assert len(on_a_terminal("query", "from range(40)").splitlines()) == 2 + 40
    assert len(piped("query", "from range(1234)").stdout.splitlines()) == 2 + 1234


def test_a_file_of_sql_and_the_input(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "q.sql"
    file.write_text("-- the number\nselect n\nfrom n;\n")
    assert piped("query", "--format", "csv", "-f", str(file)).stdout == b"n\n4\n"
    done = subprocess.run(
        [VSF, "query", "-f", "-", "--format", "csv"], input=b"from n", capture_output=True, check=True
    )
    assert done.stdout == b"n\n4\n"
    assert "No such file" in home.vsf("query", "-f", str(tmp_path / "none.sql")).errors
    for words in ([], ["from n", "-f", str(file)]):
        outcome = home.vsf("query", *words)
        assert (outcome.exit_code, "vsf query -f FILE" in outcome.errors) == (2, True)


def test_an_earlier_snapshot(home: Home) -> None:
    assert home.vsf("query", "--snapshot", "2", "from n", "--format", "csv").output == "n\n2\n"
    for gone in ("3", "5"):
        outcome = home.vsf("query", "--snapshot", gone, "from n")
        assert outcome.exit_code == 2
        assert f"no snapshot {gone} (any more); snapshots: 2, 4" in outcome.errors


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1; select 2", "2 statements"),
        ("", "no statement"),
        ("/* nothing */", "no statement"),
        ("create table x as select 1", "CREATE is no query"),
        ("attach '{folder}/x.db'", "ATTACH is no query"),
        ("copy (select 1) to '{folder}/x.csv'", "-o FILE"),
        ("explain analyze copy (select 1) to '{folder}/x.csv'", "-o FILE"),
        ("/* a */ explain -- b\n(analyze, format json) copy (select 1) to '{folder}/x.csv'", "-o FILE"),
        ("export database '{folder}/x'", "-o FILE"),
    ],
)
def test_what_is_not_one_query_is_refused(home: Home, tmp_path: Path, sql: str, said: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    outcome = home.vsf("query", sql.format(folder=folder))
    assert (outcome.exit_code, said in outcome.errors) == (2, True), outcome.errors
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "sql", ["describe n", "show tables", "explain select 1", "pragma database_list", "pivot n on n"]
)
def test_queries_of_every_kind_are_answered(home: Home, sql: str) -> None:
    assert home.vsf("query", sql).exit_code == 0


def test_a_query_writes_a_file_by_its_ending(home: Home, tmp_path: Path) -> None:
    assert home.vsf("query", "from n", "-o", str(tmp_path / "n.csv")).output == f"wrote 1 row to {tmp_path}/n.csv\n"
    assert home.vsf("query", "from n", "-o", str(tmp_path / "n.json")).exit_code == 0
    assert (tmp_path / "n.csv").read_text() == "n\n4\n"
    assert json.loads((tmp_path / "n.json").read_text()) == [{"n": 4}]
    assert home.vsf("query", "from n", "-o", "-", "--format", "csv").output == "n\n4\n"


def test_unknown_endings_are_refused_with_the_known_ones(home: Home, tmp_path: Path) -> None:
    schema = tmp_path / "people.yaml"
    schema.write_text(SCHEMA)
    selected = ["--dataset", "a", "--namespace", "b", "--database", "c"]
    commands = {
        ".csv or .json": ["query", "select 1"],
        ".json or .csv": ["report", "scores"],
        ".csv or .json or .html": ["report", "anomalies", "--feed", "clicks"],
        ".json": ["report", "datapoints", *selected],
        ".csv or .parquet or .jsonl or .sql": ["generate", str(schema), "--rows", "1"],
    }
    for known, words in commands.items():
        outcome = home.vsf(*words, "-o", str(tmp_path / "x.xlsx"))
        assert (outcome.exit_code, f"x.xlsx: the name must end in {known};" in outcome.errors) == (2, True), words
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["people.yaml"]
    assert "let the name end in .csv" in home.vsf("query", "from n", "--format", "csv", "-o", "n.json").errors


@pytest.mark.parametrize("variables", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_made_up_file_goes_to_standard_output(home: Home, tmp_path: Path, variables: dict[str, str]) -> None:
    (tmp_path / "s.yaml").write_text(SCHEMA)
    words = ["generate", str(tmp_path / "s.yaml"), "--rows", "5000", "-o"]
    assert piped(*words, str(tmp_path / "people.csv")).returncode == 0
    assert piped(*words, "-", **variables).stdout == (tmp_path / "people.csv").read_bytes()


def test_a_full_disk_behind_standard_output_is_named(home: Home) -> None:
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("there is no /dev/full")
    for words in (["query", "from range(100)"], ["status"], ["query", "from n", "-o", "-"]):
        with open("/dev/full", "wb") as full:  # noqa: PTH123
            done = subprocess.run([VSF, *words], stdout=full, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done.stderr
        assert done.stderr.startswith(b"vsf: the disk of /dev has no room for the output")


def test_commands_that_read_make_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "none"
    name_home(there, monkeypatch)
    for name in ("VSF_LANDING", "VSF_ARCHIVE", "VSF_SNAPSHOTS"):
        monkeypatch.delenv(name, raising=False)
    home = Home(there)
    for words in (["status"], ["status", "--format", "csv"], ["query", "select 1"], ["report", "scores"], ["rebuild"]):
        outcome = home.vsf(*words)
        assert outcome.exit_code == 1
        assert outcome.errors.startswith(f"there is no home in {there}; make one with vsf demo or vsf land")
    (tmp_path / "landing").mkdir()
    monkeypatch.setenv("VSF_LANDING", str(tmp_path / "landing"))
    assert home.vsf("status").exit_code == 0
    assert not there.exists()
