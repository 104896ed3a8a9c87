"""Many snapshots of a shared lake beside runs that commit: each one equals the lake at the version that was built.

Here: every column of every table of each snapshot, against the lake at that version and against a model of the commits
in plain Python, and a wrong snapshot, which the comparison must notice. Not here: the same in the forms that one
process at a time writes to (lake/test_many_publishes.py), and whole builds (test_builds.py).

Two writers commit rounds under the commit lock, each in one transaction, while a build copies the tables of its pinned
version into marts and publishes them.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.publish.publish import publish
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.forms.shared_lake import SharedLake
from vsf_assets.warehouse.shared.fence import sign
from vsf_assets_tests.attached import attached
from vsf_assets_tests.forks import ForkedProcess
from vsf_assets_tests.lake.shared.commit_records import check_epochs, record_commits
from vsf_assets_tests.lake.shared.homes import reading, shared_home
from vsf_assets_tests.lake.test_many_publishes import (
    MAKE,
    OF_ROUNDS,
    change,
    changed,
    columns_of,
    expected,
    figures,
    figures_of,
)
from vsf_assets_tests.waiting import wait_until
from vsf_assets_tests.warehouses import Home

PUBLISHES = int(os.environ.get("PUBLISHES", "40"))
"""Fewer than in the other forms, unless somebody says how many: each one takes two seconds of a processor."""

WRITERS = 2
TABLES = {"raw.clicks": "raw.clicks", "raw.kinds": "marts.kinds", "raw.rounds": "marts.rounds"}
"""Tables that the writers change -> those of the model that hold the same."""

BUILT = ("kinds", "rounds")
"""Tables of `raw` that a build copies into marts."""


def home_of(root: Path, database: str) -> Home:
    return shared_home(root / "home", database, str(root / "lakes" / "lake"), KEEP_SNAPSHOTS="1000000")


def prepared(root: Path, database: str) -> Home:
    """Return a home with a lake that has the tables of the rounds, and those alone."""
    let_this_process_remove()
    home = home_of(root, database)
    home.warehouse.prepare(lambda _: None)
    with home.warehouse.lock("test"), home.warehouse.connect() as connection:
        connection.execute("begin transaction")
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall():
            connection.execute(f"drop table raw.{table}")
        connection.execute(MAKE.replace("create schema raw;", "") + OF_ROUNDS.format(schema="raw"))
        connection.execute("commit")
    return home


def commit_rounds(home: Home, limit: Callable[[], int | None]) -> None:
    """Commit rounds, each the next one, up to a limit that may rise; None for the end."""
    form = home.warehouse.form
    assert isinstance(form, SharedLake)
    with form.lock_session("writer", lambda _: None) as session, home.warehouse.connect() as connection:
        while (highest := limit()) is not None:
            with session.hold("commit", "a round") as token:
                connection.execute("begin transaction")
                sign(connection, "warehouse", token, "a round")
                ((number,),) = connection.execute("from raw.rounds").fetchall()
                if number < highest:
                    change(connection, number + 1, "raw")
                connection.execute("commit")
            if number >= highest:
                time.sleep(0.02)


def write() -> None:
    """Commit rounds up to the limit in a file, until it is empty, in a process of its own."""
    root, database = json.loads(sys.argv[1])

    def limit() -> int | None:
        text = limit_in(Path(root)).read_text()
        return int(text) if text else None

    commit_rounds(home_of(Path(root), database), limit)


def limit_in(root: Path) -> Path:
    return root / "limit"


def set_limit(root: Path, text: str) -> None:
    temp = root / ".limit"
    temp.write_text(text)
    temp.replace(limit_in(root))


@contextmanager
def writers(home: Home, root: Path) -> Iterator[None]:
    """Let writers commit for a block."""
    words = [json.dumps([str(root), home.settings.lake_database])]
    set_limit(root, "0")
    started = [
        ForkedProcess("vsf_assets_tests.lake.shared.test_many_publishes", "write", words) for _ in range(WRITERS)
    ]
    try:
        yield
        set_limit(root, "")
        for process in started:
            _, errors = process.communicate(1000)
            assert process.returncode == 0, errors
    finally:
        for process in started:
            process.kill()


def rounds_of(home: Home) -> int:
    """Return the last round that was committed."""
    with reading(home) as lake:
        ((number,),) = lake.execute("from raw.rounds").fetchall()
    return int(number)


def built(home: Home, number: int) -> Path:
    """Copy tables of the pinned version into marts, and publish them."""
    with home.warehouse.lock("build"):
        pinned = home.warehouse.pinned()
        with pinned.connect() as connection:
            for table in BUILT:
                connection.execute(f"create or replace table marts.{table} as from {pinned.form.delivered}raw.{table}")
        snapshot = publish(pinned, number)
    assert isinstance(snapshot, Path)
    return snapshot


def compare(snapshot: Path) -> int:
    """Compare every column of every table of a snapshot with the model; return the round that it holds."""
    with attached(snapshot) as connection:
        ((number,),) = connection.execute("from marts.rounds").fetchall()
        columns, model = columns_of(connection), expected(number)
        for name, of_model in (*TABLES.items(), *((f"marts.{table}", f"marts.{table}") for table in BUILT)):
            found = figures_of(connection, name, columns[name])
            assert found == figures(columns[name], of_model, model[of_model]), (snapshot.name, name)
    return int(number)


def agree_with_the_lake(home: Home, snapshots: list[Path]) -> None:
    """Ask the lake itself for its rows at the two versions of each snapshot: raw as it was pinned, marts as built."""
    with reading(home) as lake:
        for snapshot in snapshots:
            with attached(snapshot) as connection, closing(connect(snapshot, read_only=True)) as catalog:
                sql = "select snapshot_id from ducklake_snapshot order by 1"
                pinned, *_, head = [version for (version,) in catalog.execute(sql).fetchall()]
                for name in (*TABLES, *(f"marts.{table}" for table in BUILT)):
                    version = pinned if name.startswith("raw.") else head
                    columns = columns_of(connection)[name]
                    there = figures_of(lake, name, columns, f"at (version => {version})")
                    assert figures_of(connection, name, columns) == there, (snapshot.name, name)


@pytest.mark.lake
def test_each_of_many_publishes_beside_writers_equals_the_lake_at_its_version(tmp_path: Path, catalog: str) -> None:
    home = prepared(tmp_path, catalog)
    record_commits(catalog)
    snapshots: list[Path] = []
    with writers(home, tmp_path):
        for number in range(1, PUBLISHES + 1):
            wait_until(lambda done=2 * (number - 1): rounds_of(home) >= done, 1000)
            set_limit(tmp_path, str(2 * number))  # two rounds are committed while this one is built and published
            snapshots.append(built(home, number))
    rounds = [compare(snapshot) for snapshot in snapshots]
    assert rounds == sorted(rounds)
    assert all(2 * n <= number <= 2 * n + 2 for n, number in enumerate(rounds))
    agree_with_the_lake(home, snapshots)
    assert check_epochs(catalog) >= 4 * PUBLISHES


_PINNED = "(select min(snapshot_id) from ducklake_snapshot)"
MISSING = {
    "rows": "delete from ducklake_data_file where data_file_id ="
    f" (select max(data_file_id) from ducklake_data_file where begin_snapshot <= {_PINNED})",
    "what was deleted": "delete from ducklake_delete_file",
}
"""What a copy of a snapshot lacks -> the statement that makes it so."""


@pytest.mark.lake
@pytest.mark.parametrize("what", MISSING)
def test_a_snapshot_that_is_wrong_is_noticed(tmp_path: Path, catalog: str, what: str) -> None:
    home = prepared(tmp_path, catalog)
    limits = iter([2, 2, None])
    commit_rounds(home, lambda: next(limits))
    snapshot = built(home, 1)
    assert compare(snapshot) == 2
    agree_with_the_lake(home, [snapshot])
    wrong = changed(snapshot, MISSING[what])
    with pytest.raises(AssertionError):
        compare(wrong)
    with pytest.raises(AssertionError):
        agree_with_the_lake(home, [wrong])
