"""A home moves from each form of the warehouse to each other one by `vsf rebuild`, and holds what it would have held.

Here: all six ways, one after the other. Not here: lakes, homes and prefixes that are moved or restored as they are
(test_local_lake.py, test_backup.py, shared/test_moved_places.py).
"""

import itertools
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.storage.ignored_names import OWNER_MARKER
from vsf_assets.warehouse.forms.choose import form_of
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.builds import build_pending, built_directly
from vsf_assets_tests.lake.kept_tables import Columns, differences, keep
from vsf_assets_tests.warehouses import Home, clicks, conversions

FILE, LOCAL, SHARED = "file", "local lake", "shared lake"
ROUTE = (FILE, LOCAL, SHARED, FILE, SHARED, LOCAL, FILE)
"""Each form after each other one."""


def deliver(home: Home, number: int) -> None:
    """Store two files, one of them with a wrong row, build and publish."""
    name = f"{number % 4 + 1}_{number}.csv"
    home.land(f"clicks_{name}", clicks(10 * number, 10 * number + 1), number)
    home.land(f"conversions_{name}", conversions(10 * number) + b"x,y,z\n", number)
    assert len(home.ingest().stored) == 2
    assert build_pending(home.warehouse, checked=False) is not None


@pytest.mark.lake
def test_a_home_moves_from_each_form_to_each_other(tmp_path: Path, catalog: str) -> None:
    let_this_process_remove()
    ways = list(itertools.pairwise(ROUTE))
    assert len(set(ways)) == 6
    lakes = {
        FILE: {"LAKE": ""},
        LOCAL: {"LAKE": str(tmp_path / "local")},
        SHARED: {"LAKE": str(tmp_path / "lakes" / "lake"), "CATALOG": catalog, "LOCK_TAKEOVER_SECONDS": "3"},
    }
    homes = {form: Home(tmp_path / "moved", **variables) for form, variables in lakes.items()}
    stays = Home(tmp_path / "stays", LAKE="")
    for home in (stays, homes[FILE]):
        deliver(home, 1)
    homes[SHARED].warehouse.prepare(lambda _: None)
    wanted = kept(stays, tmp_path / "stays 1")
    for number, (before, form) in enumerate(ways, 2):
        home = homes[form]
        if before == SHARED:
            (home.landing / OWNER_MARKER).unlink()  # it names the lake, which other homes may share
        else:
            with pytest.raises(VsfError, match="vsf rebuild"):
                home.ingest()
        with built_directly(checked=False):
            assert rebuild(home.warehouse, "test").problems == []
        assert form_of(homes[before].settings).exists == (before == SHARED), "nobody else's warehouse is removed"
        assert_equal(kept(home, tmp_path / f"{number} {before} to {form}"), wanted)
        for each in (home, stays):
            deliver(each, number)
        wanted = kept(stays, tmp_path / f"stays {number}")
        assert_equal(kept(home, tmp_path / f"{number} {form} goes on"), wanted)
    assert len(stays.click_ids()) == 2 * len(ROUTE)


Kept = tuple[dict[str, Columns], Path]


def kept(home: Home, folder: Path) -> Kept:
    """Write the tables of the current snapshot, but for the one that has a row for each build, also those that move."""
    columns = keep(home, folder)
    (folder / "raw.builds.parquet").unlink()
    return columns, folder


def assert_equal(found: Kept, wanted: Kept) -> None:
    """Compare columns and rows of all tables."""
    assert found[0] == wanted[0], found[1].name
    assert len(found[0]) > 50
    assert list(differences(wanted[1], found[1])) == []
