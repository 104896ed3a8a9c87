"""No command writes a progress bar into a file or a pipe, whatever the main module of its process is.

Here: DuckDB's own bar, in a process in which DuckDB would show it. Not here: the messages of a run (test_run.py).
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.commandline import Home

COMMANDS = (
    ["run"],
    ["status"],
    ["query", "select count(*) as n, sum(hash(a.range)) as sum from range(50_000_000) as a"],
    ["report", "anomalies", "--feed", "clicks", "-o", "anomalies.csv"],
    ["generate", "people.schema.yaml", "--rows", "2000", "-o", "people.sql"],
)

# DuckDB shows the bar after 2 s of a statement; here after 50 ms. The connection that dbt opens only attaches a file;
# its cursors, which do all work, have settings of their own.
SCRIPT = """
import sys, duckdb
opened = duckdb.connect

def connect(*arguments, **options):
    connection = opened(*arguments, **options)
    if not sys._getframe(1).f_globals["__name__"].startswith("dbt."):
        connection.execute("set progress_bar_time = 50")
    return connection

duckdb.connect = connect
from vsf_assets.transform import dbt_runner
dbt_runner.LEFT_OUT = ("unit_test", "test")  # they run in dbt's connection too
from vsf_assets.cli.main import cli
for words in {commands}:
    print("command", words[0], flush=True)
    try:
        cli.main(words, standalone_mode=False)
    except SystemExit as end:
        print("exit code", end.code, flush=True)
print("control", flush=True)
connect().execute("select sum(hash(range)) from range(100_000_000)").fetchall()
"""


def test_no_command_prints_a_progress_bar(home: Home, tmp_path: Path) -> None:
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n" + "".join(f"{n},1,7\n" for n in range(5_000))})
    (tmp_path / "people.schema.yaml").write_text(
        "name: people\ncolumns:\n- {name: id, type: Integer, from: 1, to: 9000}\n"
    )
    script = SCRIPT.format(commands=repr(COMMANDS))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        check=True,
    )
    before, control = (done.stdout + done.stderr).split("control\n")
    assert "▕" in control, "the bar of a bare connection must show, or this test shows nothing"
    assert "▕" not in before
    assert "\r" not in before


def test_duckdb_is_opened_in_one_place() -> None:
    found = []
    for path in sorted((PROJECT_ROOT / "vsf_assets").rglob("*.py")):
        text = path.read_text()
        nodes = ast.walk(ast.parse(text)) if "duckdb" in text else ()
        if any(ast.unparse(node) == "duckdb.connect" for node in nodes if isinstance(node, ast.Attribute)):
            found.append(path.relative_to(PROJECT_ROOT).as_posix())
    assert found == ["vsf_assets/common/duckdb_connections.py"]
