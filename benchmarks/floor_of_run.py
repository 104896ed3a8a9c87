"""The least that a small `vsf run` can take: `python -m benchmarks.floor_of_run FOLDER EVENTS`, two processes.

Here: the imports that any solution with Dagster and dbt needs, the decoding of the same parsed models, the statements
that the last build of a home executed, bare on DuckDB and into memory, and as many events in Dagster's own storage. One
process imports Dagster and polars and stores the events, the other one imports dbt and executes the statements. Not
here: reading, checking and storing the file, rendering, checks of their results, metadata, the published copy.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.config.settings import Settings
from vsf_assets.transform.dbt_paths import parsed_folder

PARSED, WAREHOUSE, STATEMENTS, DAGSTER = "parsed.msgpack", "warehouse.duckdb", "statements.json", "dagster"
RUN_ID = "00000000-0000-0000-0000-000000000000"


def take_what_it_needs(settings: Settings, folder: Path, since: float) -> int:
    """Fill a folder with what the processes need from a home whose last build began after `since`.

    Returns:
        The number of statements.
    """
    run, compiled = settings.home / "dbt" / "run", settings.home / "dbt" / "compiled"
    executed = [path for path in run.rglob("*.sql") if path.stat().st_mtime >= since]
    executed.sort(key=lambda path: path.stat().st_mtime_ns)
    # What dbt made of it for the database may name temporary tables.
    statements = [(compiled / path.relative_to(run)).read_text() for path in executed]
    (folder / STATEMENTS).write_text(json.dumps(statements))
    shutil.copyfile(parsed_folder(settings.home) / "partial_parse.msgpack", folder / PARSED)
    shutil.copyfile(settings.home / "warehouse" / WAREHOUSE, folder / WAREHOUSE)
    _store_events(folder, 1)  # it creates the tables, which a home has
    return len(statements)


def _store_events(folder: Path, count: int) -> None:
    import dagster as dg

    (folder / DAGSTER).mkdir(exist_ok=True)
    with dg.DagsterInstance.local_temp(str(folder / DAGSTER)) as instance:
        for number in range(count):
            entry = dg.EventLogEntry(  # type: ignore[no-untyped-call]
                error_info=None,
                level=20,
                user_message=str(number),
                run_id=RUN_ID,
                timestamp=time.time(),
                dagster_event=None,
            )
            instance.event_log_storage.store_event(entry)


def _execute(folder: Path) -> None:
    with connect(":memory:") as connection:
        connection.execute(f"attach '{folder / WAREHOUSE}' as warehouse")
        for statement in json.loads((folder / STATEMENTS).read_text()):
            connection.execute(f"create or replace temp table result as ({statement})")


def _second(folder: Path) -> None:
    """Import dbt, decode the parsed models, execute the statements; print the seconds of the last."""
    import dbt.cli.main  # noqa: F401

    from vsf_assets.transform.dbt_private import read_parsed_project

    read_parsed_project(folder / PARSED)
    began = time.perf_counter()
    _execute(folder)
    print(time.perf_counter() - began)


def main() -> None:
    """Run both processes, and print the seconds of the work that is no import and no decoding."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    if count < 0:
        _second(folder)
        return
    command = [sys.executable, "-m", "benchmarks.floor_of_run", str(folder), "-1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as second:
        import dagster as dg  # noqa: F401
        import polars as pl  # noqa: F401

        began = time.perf_counter()
        _store_events(folder, count)
        stored = time.perf_counter() - began
        output, _ = second.communicate()
    if second.returncode:
        raise SystemExit(second.returncode)
    print(json.dumps({"events": stored, "statements": float(output)}))


if __name__ == "__main__":
    main()
