"""Answers to COMMIT that are lost, and a PostgreSQL that restarts.

Here: what the lake holds afterwards, with removal of data files denied and without. Not here: other attacks
(test_attacks.py).
"""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from vsf_assets.common.errors import LockLostError
from vsf_assets.warehouse.shared.no_removal import can_deny_removal
from vsf_assets_tests.lake.shared.attackers import FAILED, KNOWN, STORED, has_passed_the_fence, start, store
from vsf_assets_tests.lake.shared.proxies import LOSE_ANSWER, PASS, CommitProxy
from vsf_assets_tests.lake.shared.small_lake import STORED_ONCE, SmallLake
from vsf_assets_tests.postgres_server import PROGRAMS, restartable_server

needs_landlock = pytest.mark.skipif(not can_deny_removal(), reason="the kernel has no Landlock, or its first version")


def lose_the_answer(lake: SmallLake, file: str, *, denied: bool) -> str:
    """Store a delivery in a process of its own whose answer to COMMIT is lost; return how it ended there."""
    proxy = CommitProxy(lake.catalog, lambda: LOSE_ANSWER if has_passed_the_fence(lake) else PASS)
    with proxy.running() as through:
        process = start(replace(lake, catalog=through), "unlucky", file, denied=denied)
        out, err = process.communicate()
    assert (process.returncode, proxy.lost) == (0, 1), err
    return out


def readable(lake: SmallLake) -> dict[str, int] | str:
    """Return what the lake holds, or that it cannot be read."""
    try:
        return lake.content()
    except duckdb.Error as error:
        assert "No such file" in str(error), error
        return "unreadable"


@needs_landlock
def test_a_lost_answer_takes_no_file(catalog: str, tmp_path: Path) -> None:
    lake = SmallLake(catalog, tmp_path)
    lake.prepare()
    assert store(lake, "before", "a.csv") == STORED
    assert lose_the_answer(lake, "b.csv", denied=True) == FAILED
    assert readable(lake) == {"a.csv": STORED_ONCE, "b.csv": STORED_ONCE}
    assert store(lake, "after", "b.csv") == KNOWN


@pytest.mark.lake
def test_without_the_denial_the_same_loss_makes_the_lake_unreadable(catalog: str, tmp_path: Path) -> None:
    lake = SmallLake(catalog, tmp_path)
    lake.prepare()
    assert store(lake, "before", "a.csv") == STORED
    assert lose_the_answer(lake, "b.csv", denied=False) == FAILED
    assert readable(lake) == "unreadable"


@pytest.mark.lake
@pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed (Debian: postgresql)")
def test_a_restart_in_the_middle_of_a_delivery_stores_it_once(tmp_path: Path) -> None:
    with restartable_server() as server:
        lake = SmallLake(server.address, tmp_path)
        lake.prepare()
        for number, how in enumerate(("fast", "immediate")):
            file = f"{number}.csv"
            assert store(lake, "first", file, lambda how=how: server.restart(how)) == FAILED
            assert store(lake, "second", file) == STORED
        with lake.session("waiting") as session, closing(lake.attach()) as connection:
            server.restart("fast")
            # DuckDB opens another connection by itself; a session that holds locks does not.
            with pytest.raises(LockLostError):
                lake.store(session, connection, "2.csv")
        assert store(lake, "third", "2.csv") == STORED
        assert lake.content() == dict.fromkeys(("0.csv", "1.csv", "2.csv"), STORED_ONCE)
