"""A backup of a home with a lake outside of it holds the data files, and what is restored from it reads on.

Here: the lake in a backup. Not here: backups as such (cli/test_backup.py).
"""

import shutil
from pathlib import Path

import pytest

from vsf_assets.backup.backup_home import back_up
from vsf_assets.common.errors import UsageError
from vsf_assets.snapshots.connect import connect_current
from vsf_assets_tests.warehouses import Home, publish_click


def test_a_backup_holds_the_lake_and_reads_on_elsewhere(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", LAKE=str(tmp_path / "data"))
    publish_click(home, 1)
    (home.root / "warehouse" / ".lake.duckdb.writing").write_bytes(b"left by a process that was killed")
    with pytest.raises(UsageError, match="VSF_LAKE"):
        back_up(home.settings, tmp_path / "data" / "backups", 1)
    done = back_up(home.settings, tmp_path / "backups", 1)
    assert done.problems == []
    assert not (done.folder / "home" / "warehouse" / ".lake.duckdb.writing").exists()
    shutil.rmtree(home.root)
    shutil.rmtree(home.settings.lake)

    restored = Home(tmp_path / "there", LAKE=str(tmp_path / "there" / "lake"))
    shutil.copytree(done.folder / "home", restored.root, symlinks=True)
    opened = connect_current(restored.settings)
    assert opened is not None
    with opened[1] as connection:
        assert connection.execute("select click_id from raw.clicks").fetchall() == [(1,)]
    publish_click(restored, 2)
    with restored.warehouse.read("test") as writer:
        assert writer is not None
        assert writer.execute("select click_id from raw.clicks order by 1").fetchall() == [(1,), (2,)]
