"""What `vsf` writes into a pipe and on a terminal, as processes of their own.

Not here: the formats themselves (unit/test_output.py).
"""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from vsf_assets_tests.commandline import Home, enter_home

VSF = Path(sys.executable).with_name("vsf")
RED = "select 'a' || chr(27) || '[31mred' || chr(8238) as x"
TYPES = """
    select
        3/0 as x, -1/0 as y, 'nan'::double as z, 'inf'::float as f, [1/0, 2] as l, {'a': [-1/0], 'b': 'Infinity'} as s,
        map{'k': 'nan'::double} as m, [date '2019-05-20'] as d, [1.10::decimal(5, 2)] as e, true as t,
        '\\xAA\\x00ab'::blob as b, interval '1 day 2 hours' as i, timestamptz '2019-05-20 10:00:00+02' as tz,
        170141183460469231731687303715884105727::hugeint as h, null as n, '' as empty, 'infinity'::date as di,
        timestamp '2019-05-20 10:00:00.12' as ts, 1 as t, '{"a": NaN}'::json as j, 'x' || chr(0) as zero,
        12345678901234567890.123456789::decimal(38, 9) as dec
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose snapshot is an empty database, which is enough to ask."""
    home = enter_home(tmp_path / "home", monkeypatch)
    home.current.parent.mkdir()
    duckdb.connect(str(home.current.with_name("vsf-1.duckdb"))).close()
    home.current.symlink_to("vsf-1.duckdb")
    return home


def piped(*words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([VSF, *words], capture_output=True, env={**os.environ, **variables}, check=False)


def on_a_terminal(*words: str) -> bytes:
    """Return what a command writes on a terminal, without the carriage returns that the terminal adds."""
    master, slave = pty.openpty()
    with subprocess.Popen([VSF, *words], stdout=slave, stderr=slave, stdin=slave):
        os.close(slave)
        written = b""
        while True:
            try:
                part = os.read(master, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            written += part
    os.close(master)
    return written.replace(b"\r\n", b"\n")


def test_a_pipe_gets_every_byte_of_csv_and_json(home: Home) -> None:
    assert piped("query", "--format", "csv", RED).stdout == "x\na\x1b[31mred\u202e\n".encode()
    (row,) = json.loads(piped("query", "--format", "json", RED).stdout)
    assert row == {"x": "a\x1b[31mred\u202e"}
    assert piped("query", RED).stdout.decode().splitlines()[2] == "a<U+001B>[31mred<U+202E>"


def test_a_terminal_gets_nothing_that_it_would_obey(home: Home) -> None:
    shown = "a<U+001B>[31mred<U+202E>"
    assert on_a_terminal("query", RED) == f"x\n{'-' * len(shown)}\n{shown}\n".encode()
    assert on_a_terminal("query", "--format", "csv", RED) == f"x\n{shown}\n".encode()
    written = on_a_terminal("query", "--format", "json", RED)
    assert (b"\x1b" in written, json.loads(written)) == (False, [{"x": "a\x1b[31mred\u202e"}])
    assert b"\x1b" not in on_a_terminal("query", "select \x1b[31m")
    assert b"\x1b" not in on_a_terminal("que\x1b[31mry")


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def test_a_table_says_that_it_cuts_and_a_pipe_of_csv_does_not(home: Home) -> None:
    assert piped("query", "select repeat('x', 101) as x").stderr.startswith(
        b"values of more than 100 characters are cut"
    )
    assert piped("query", "select repeat('x', 100) as x").stderr == b""
    assert piped("query", "--format", "csv", "select repeat('x', 101) as x").stderr == b""


def test_json_is_json_and_csv_is_duckdbs_own_text(home: Home) -> None:
    text = piped("query", "--format", "json", TYPES).stdout
    (row,) = json.loads(text, parse_constant=refuse)
    assert (row["x"], row["y"], row["z"], row["f"]) == ("Infinity", "-Infinity", "NaN", "Infinity")
    assert (row["l"], row["s"], row["m"]) == (["Infinity", 2], {"a": ["-Infinity"], "b": "Infinity"}, {"k": "NaN"})
    assert (row["h"], row["n"], row["j"], row["zero"]) == (2**127 - 1, None, {"a": "NaN"}, "x\0")
    assert b'"dec":12345678901234567890.123456789' in text

    names, values = piped("query", "--format", "csv", TYPES).stdout.decode().rstrip("\n").split("\n")
    assert names == "x,y,z,f,l,s,m,d,e,t,b,i,tz,h,n,empty,di,ts,t,j,zero,dec"
    assert values == (
        "inf,-inf,nan,inf,\"[inf, 2.0]\",\"{'a': [-inf], 'b': Infinity}\",{k=nan},[2019-05-20],[1.10],true,"
        '\\xAA\\x00ab,1 day 02:00:00,2019-05-20 08:00:00+00,170141183460469231731687303715884105727,,"",infinity,'
        '2019-05-20 10:00:00.12,1,"{""a"": NaN}",x\0,12345678901234567890.123456789'
    )


def test_csv_can_be_read_back_by_duckdb(home: Home, tmp_path: Path) -> None:
    sql = "select * from (values (1, '', 'a,b'), (2, null, chr(10) || '\"'), (null, 'x', 'é')) as t(a, b, c)"
    (tmp_path / "x.csv").write_bytes(piped("query", "--format", "csv", sql).stdout)
    again = duckdb.sql(f"from read_csv('{tmp_path}/x.csv', header = true, allow_quoted_nulls = false)").fetchall()
    assert again == duckdb.sql(sql).fetchall()


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0"}])
def test_output_is_utf8_in_every_locale(home: Home, variables: dict[str, str]) -> None:
    for form in ("table", "csv", "json"):
        done = piped("query", "--format", form, "select 'zażółć 中' as x", **variables)
        assert (done.returncode, "zażółć 中".encode() in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_reader_that_goes_away_ends_a_command_quietly(home: Home, form: str) -> None:
    words = ["query", "--format", form, "select i from range(300000) t(i)"]
    with subprocess.Popen([VSF, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 1)


@pytest.mark.parametrize("closed", ["<&- >&-", "<&- >&- 2>&-"])
def test_a_command_without_standard_streams_does_its_work(home: Home, closed: str) -> None:
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n"})
    command = f'exec "{sys.executable}" -m vsf_assets.cli.main status {closed}'
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_names_of_files_are_shown_and_handed_over(home: Home) -> None:
    home.drop({"clicks_1_\x1b[31m\u202e.csv": "click_id,banner_id,campaign_id\n1,10,100\n"})
    home.drop({"what\x07.txt": b"x"})
    raw = os.fsencode(home.landing) + b"/not\xff.txt"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    table = piped("status").stdout.decode()
    assert all(name in table for name in ("clicks_1_<U+001B>[31m<U+202E>.csv", "what<U+0007>.txt"))
    assert "not<U+DCFF>.txt" in piped("status", "--left-out").stdout.decode()
    assert b"\x1b" not in on_a_terminal("status")
    listed = json.loads(piped("status", "--format", "json").stdout, parse_constant=refuse)
    assert {row["file_name"] for row in listed} == {"clicks_1_\x1b[31m\u202e.csv", "what\x07.txt"}
    left_out = json.loads(piped("status", "--left-out", "--format", "json").stdout, parse_constant=refuse)
    assert [entry["path"] for entry in left_out] == ["not\udcff.txt"]
    assert b"not\xff.txt" in piped("status", "--left-out", "--format", "csv").stdout


def test_progress_and_errors_are_shown_too(home: Home) -> None:
    home.drop({"clicks_1_\x1b[31m.csv": "nothing\x1b[31m\n1\n"})
    written = on_a_terminal("run")
    assert b"clicks_1_<U+001B>[31m.csv" in written
    # The only escape sequence is ours: it clears a line of progress.
    assert b"\x1b" not in written.replace(b"\r\x1b[K", b"")
    assert b"\x1b" not in piped("land", "/nowhere/\x1b[31m.csv").stderr


def test_the_version_names_the_engines_and_a_mistyped_command_the_right_one(home: Home) -> None:
    assert re.fullmatch(rb"vsf \S+ \(DuckDB \S+, Dagster \S+\)\n", piped("--version").stdout)
    wrong = piped("qeury", "select 1")
    assert (wrong.returncode, b"did you mean query?" in wrong.stderr) == (2, True)
