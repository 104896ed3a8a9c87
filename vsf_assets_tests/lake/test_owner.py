"""The folder of a lake belongs to one home: another one is refused, a moved one goes on, a copy of one is refused.

Here: the marker. Not here: the marker of the landing zone (engine/test_two_homes.py).
"""

import shutil
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.warehouse.forms.lake_owner import claim_lake


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """An empty folder for a lake."""
    folder = tmp_path / "lake"
    folder.mkdir()
    return folder


def home(root: Path, home_id: str) -> Path:
    (root / "warehouse").mkdir(parents=True)
    (root / "warehouse" / "home-id").write_text(home_id)
    return root


def test_another_home_is_refused(lake: Path, tmp_path: Path) -> None:
    first, other = home(tmp_path / "first", "a"), home(tmp_path / "other", "b")
    assert claim_lake(lake, first)
    assert claim_lake(lake, first)
    with pytest.raises(VsfError, match=rf"belongs to the home {first} .*VSF_LAKE"):
        claim_lake(lake, other)


def test_a_home_without_an_id_marks_nothing_and_takes_nothing_of_others(lake: Path, tmp_path: Path) -> None:
    assert not claim_lake(lake, tmp_path / "new")
    assert not list(lake.iterdir())
    assert claim_lake(lake, home(tmp_path / "first", "a"))
    with pytest.raises(VsfError, match="belongs to the home"):
        claim_lake(lake, tmp_path / "new")


def test_a_home_whose_id_was_lost_goes_on_until_it_has_one(lake: Path, tmp_path: Path) -> None:
    first = home(tmp_path / "first", "a")
    claim_lake(lake, first)
    (first / "warehouse" / "home-id").unlink()
    assert not claim_lake(lake, first)


def test_a_moved_home_goes_on_and_a_copy_of_it_does_not(lake: Path, tmp_path: Path) -> None:
    first, moved, copy = home(tmp_path / "first", "a"), tmp_path / "moved", tmp_path / "copy"
    claim_lake(lake, first)
    first.rename(moved)
    assert claim_lake(lake, moved)
    shutil.copytree(moved, copy)
    with pytest.raises(VsfError, match=f"belongs to the home {moved} "):
        claim_lake(lake, copy)
    assert claim_lake(lake, moved)


def test_a_marker_that_says_nothing_is_not_overwritten(lake: Path, tmp_path: Path) -> None:
    first = home(tmp_path / "first", "a")
    claim_lake(lake, first)
    (marker,) = lake.iterdir()
    marker.write_text("no json")
    with pytest.raises(VsfError, match="does not say which home"):
        claim_lake(lake, first)
    assert marker.read_text() == "no json"
