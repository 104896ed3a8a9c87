"""The process that merges the data files of a shared lake and forgets old versions, and can remove no file.

Here: the program, as `python -m vsf_assets.warehouse.forms.shared_merge`, and speaking with it. It reads a line of JSON
for each task and answers with a line; when its input is closed, it ends. Not here: what is merged and when, and the
locks, which its starter holds (shared_upkeep.py).

A merge is a commit like others: when the answer to it is lost, DuckLake removes the files that it wrote, although
PostgreSQL has committed (decision 0060). So it takes place in a process that gave up the right to remove files, while
its starter has this right and commits nothing.
"""

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY, sql_text
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings, interpreter_environment, network_variables
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms import shared_attach
from vsf_assets.warehouse.forms.form import DATABASE, Config
from vsf_assets.warehouse.forms.shared_merge_choice import MergeChoice
from vsf_assets.warehouse.forms.shared_store import flush_own_files, now_for_files
from vsf_assets.warehouse.shared.fence import MARK
from vsf_assets.warehouse.shared.no_removal import deny_removal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ONE_FILE = 1 << 40
"""Bytes that no commit writes: what is written anew becomes one file for each thread at most."""

_LEAST_PATIENCE = 600.0
"""Seconds that a task may take at least: whoever waits for the lock gives up after VSF_LOCK_WAIT_SECONDS."""


class MergeProcess:
    """The process, started; closing ends it.

    Args:
        settings: name the lake.
        config: settings of DuckDB.
        schema: schema of the generation.
    """

    def __init__(self, settings: Settings, config: Config, schema: str):
        self._patience = max(settings.lock_wait_seconds, _LEAST_PATIENCE)
        settings.scratch.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**interpreter_environment(), **network_variables()},
        )
        try:
            self._do(
                lake="" if is_address(settings.lake) else settings.lake,
                config=config,
                statements=shared_attach.attach_statements(settings, schema, DATABASE),
            )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> "MergeProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def merge(self, schema: str, table: str, folder: str, shown: str, choice: MergeChoice) -> int:
        """Merge small files of a table, or write those anew of which many rows were deleted, in one commit.

        Args:
            schema: schema of the table.
            table: its name.
            folder: of its data files, with a slash at its end.
            shown: what the commit shows to the fence.
            choice: which files.

        Returns:
            How many files were read; 0 if nothing was committed.
        """
        return self._do(schema=schema, table=table, folder=folder, shown=shown, choice=choice.as_task())

    def expire(self, versions: list[int]) -> None:
        """Forget versions; no file is removed by that."""
        self._do(versions=versions)

    def _do(self, **task: Any) -> int:
        """Send a task and wait until it is done; return how many files it took.

        Raises:
            VsfError: it failed, or took too long; nothing of it was committed, or all.
        """
        stdin, stdout = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        try:
            stdin.write(json.dumps(task).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, which its answer says
        if not select.select([stdout], [], [], self._patience)[0]:
            raise VsfError(f"merging data files of the lake did not end in {self._patience:.0f} s")
        answer = json.loads(stdout.readline() or "{}")
        if "files" not in answer:
            reason = answer.get("reason", "the process has ended")
            raise VsfError(f"data files of the lake could not be merged: {reason}")
        return int(answer["files"])


def _merge(lake: "DuckDBPyConnection", task: dict[str, Any]) -> int:
    """Merge files in a transaction, and flush what it wrote before its commit; return how many files were read."""
    choice, since = MergeChoice(**task["choice"]), now_for_files()
    _take_until(lake, _ONE_FILE if choice.files else choice.enough)
    lake.execute("begin transaction")
    lake.execute(
        "call ducklake_set_commit_message(?, 'vsf', 'maintenance', extra_info => ?)", [DATABASE, task["shown"]]
    )
    files = _write_again(lake, task, choice) if choice.files else _merge_adjacent(lake, task, choice)
    if not files:
        lake.execute("rollback")
        return 0
    if not is_address(task["folder"]):
        flush_own_files(Path(task["folder"]), since)
    lake.execute("commit")
    return files


def _merge_adjacent(lake: "DuckDBPyConnection", task: dict[str, Any], choice: MergeChoice) -> int:
    """Merge files of a range of sizes; return how many were read."""
    place = f"'{DATABASE}', '{task['table']}', schema => '{task['schema']}'"
    sizes = f"min_file_size => {choice.smallest}, max_file_size => {choice.largest + 1}"
    found = lake.execute(f"call ducklake_merge_adjacent_files({place}, {sizes}, max_compacted_files => 1)").fetchall()
    return sum(files for _, _, files, *_ in found)


def _write_again(lake: "DuckDBPyConnection", task: dict[str, Any], choice: MergeChoice) -> int:
    """Insert what is left of some files once more, and delete it from them; return how many they are.

    DuckLake's own `ducklake_rewrite_data_files` takes all files from a share of deleted rows on, however many they are.
    Other files are neither opened nor changed. A file without rows is none of the table any more.

    Raises:
        VsfError: the rows are not those that the catalog counts; nothing is committed.
    """
    table = f'{DATABASE}."{task["schema"]}"."{task["table"]}"'
    names = ", ".join(f"'{sql_text(task['folder'] + name)}'" for name in choice.files)
    chosen = f"{table} where filename in ({names})"
    written = lake.execute(f"insert into {table} from {chosen}").fetchall()[0][0]
    deleted = lake.execute(f"delete from {chosen}").fetchall()[0][0]  # noqa: S608
    if not written == deleted == choice.rows:
        raise VsfError(
            f"{len(choice.files)} data files of {task['schema']}.{task['table']} should have {choice.rows} rows left,"
            f" and {written} were read and {deleted} deleted; nothing was changed"
        )
    return len(choice.files)


def _take_until(lake: "DuckDBPyConnection", size: int) -> None:
    """Let merges of this process take files until they have a size together, and inserts write files of it.

    It is an option of the lake. What a transaction sets that is rolled back holds in its process alone.
    """
    lake.execute("begin transaction")
    lake.execute(f"call {DATABASE}.set_option('target_file_size', '{size / 1000:.3f}KB')")
    lake.execute("rollback")


def _reason(text: str) -> str:
    """Return the line of an error that says why; a failed attach quotes the connection string before that."""
    found = text.rpartition("FATAL:")[2].strip()
    return found[max(0, found.find(MARK)) :].splitlines()[0]


def main() -> None:
    """Give up the right to remove files, attach the lake, and do tasks until the input ends."""
    import duckdb

    # Libraries print to the standard output, too; the answers have a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    first = json.loads(sys.stdin.readline())
    try:
        if first["lake"]:
            deny_removal(Path(first["lake"]), is_alone=False)
        with shared_attach.closing_without_transaction(connect(config={**first["config"], **OWN_SQL_ONLY})) as lake:
            for statement in first["statements"]:
                lake.execute(statement)
            answers.write(json.dumps({"files": 0}) + "\n")
            for line in sys.stdin:
                task, files = json.loads(line), 0
                if "versions" in task:
                    lake.execute(f"call ducklake_expire_snapshots('{DATABASE}', versions => {task['versions']})")
                else:
                    files = _merge(lake, task)
                answers.write(json.dumps({"files": files}) + "\n")
    except (duckdb.Error, VsfError, OSError) as error:
        answers.write(json.dumps({"reason": _reason(str(error))}) + "\n")


if __name__ == "__main__":
    main()
