"""The look at the epochs of all commits (commit_records.py): with the fence they are in order, and without it not.

Here: a run that is cut off in the middle of its commit, and goes on after another one has stored something. Not here:
what else the fence refuses (test_attacks.py), and runs that are disturbed at random (test_stress_homes.py).
"""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets.warehouse.forms.shared_store import SharedStoreSession
from vsf_assets.warehouse.shared.fence import FenceGuards, create_fence
from vsf_assets_tests.lake.shared.attackers import end_session
from vsf_assets_tests.lake.shared.commit_records import check_epochs, record_commits
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.lake.shared.small_lake import SmallLake
from vsf_assets_tests.warehouses import Home, clicks

pytestmark = pytest.mark.lake


@pytest.fixture
def homes(catalog: str, tmp_path: Path) -> list[Home]:
    """Two homes with a prepared lake, each with a file that has landed."""
    let_this_process_remove()
    found = [shared_home(tmp_path / name, catalog, str(tmp_path / "lakes" / "lake")) for name in ("one", "other")]
    found[0].warehouse.prepare(lambda _: None)
    for number, home in enumerate(found, 1):
        home.land(f"clicks_{number}.csv", clicks(number), number)
    return found


def commit_late(homes: list[Home], catalog: str) -> None:
    """Let the first home lose its locks before it commits, and commit after the second one has."""
    late, other = homes
    lake = SmallLake(catalog, Path(late.settings.lake))
    before_commit = SharedStoreSession.before_commit

    with pytest.MonkeyPatch.context() as patch:

        def overtaken(self: SharedStoreSession, deleted_from: Collection[str]) -> None:
            patch.undo()
            end_session(lake, self._locks.run_id)
            assert len(other.ingest().stored) == 1
            before_commit(self, deleted_from)

        patch.setattr(SharedStoreSession, "before_commit", overtaken)
        with suppress(VsfError):  # its locks are lost
            late.ingest()


def test_the_fence_keeps_epochs_in_order(homes: list[Home], catalog: str) -> None:
    record_commits(catalog)
    commit_late(homes, catalog)
    assert homes[1].click_ids() == [2]
    before = check_epochs(catalog)
    assert len(homes[0].ingest().stored) == 1
    assert check_epochs(catalog) > before


def test_without_the_fence_a_commit_of_an_old_epoch_is_noticed(homes: list[Home], catalog: str) -> None:
    record_commits(catalog)
    with psycopg.connect(catalog, autocommit=True) as control:
        create_fence(control, FenceGuards(epoch=False, base=False))
    commit_late(homes, catalog)
    assert homes[1].click_ids() == [1, 2]
    with pytest.raises(AssertionError, match="commits of old epochs of lock c"):
        check_epochs(catalog)
