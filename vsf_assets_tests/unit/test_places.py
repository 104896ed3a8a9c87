"""Places inside each other are refused before anything is touched, whatever name hides it."""

from pathlib import Path

import pytest

from vsf_assets.common.errors import SettingsError
from vsf_assets.config import settings
from vsf_assets.config.overlapping_places import refuse_overlap
from vsf_assets.config.settings import read_settings


def refused(home: Path, **places: str) -> str:
    """Return why the settings are refused; `places` are variables without the prefix."""
    before = sorted(home.parent.rglob("*"))
    given = {"VSF_HOME": str(home), **{f"VSF_{name}": place for name, place in places.items()}}
    with pytest.raises(SettingsError) as caught:
        read_settings(given)
    assert sorted(home.parent.rglob("*")) == before
    return str(caught.value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a home, and a landing zone beside it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "landing" / "in").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("places", "names"),
    [
        ({"LANDING": "landing", "ARCHIVE": "landing/archive"}, ("VSF_ARCHIVE", "VSF_LANDING")),
        ({"LANDING": "landing/in", "ARCHIVE": "landing"}, ("VSF_LANDING", "VSF_ARCHIVE")),
        ({"LANDING": "landing", "ARCHIVE": "landing"}, ("VSF_LANDING", "VSF_ARCHIVE")),
        ({"LANDING": "landing", "ARCHIVE": "landing/"}, ("VSF_LANDING", "VSF_ARCHIVE")),
        ({"LANDING": "landing", "ARCHIVE": "landing/in/../deep/er"}, ("VSF_ARCHIVE", "VSF_LANDING")),
        ({"ARCHIVE": "a", "SNAPSHOTS": "a/snapshots"}, ("VSF_SNAPSHOTS", "VSF_ARCHIVE")),
        ({"LANDING": "home"}, ("VSF_HOME", "VSF_LANDING")),
        ({"LANDING": "."}, ("VSF_HOME", "VSF_LANDING")),
        ({"ARCHIVE": "home"}, ("VSF_HOME", "VSF_ARCHIVE")),
        *(({"ARCHIVE": f"home/{name}/x"}, ("VSF_HOME", "VSF_ARCHIVE", f"{name}/")) for name in settings.OWN_FOLDERS),
        ({"SNAPSHOTS": "home/archive"}, ("VSF_SNAPSHOTS", "VSF_ARCHIVE")),
    ],
)
def test_a_place_in_another_is_refused_with_both_names(
    root: Path, places: dict[str, str], names: tuple[str, ...]
) -> None:
    said = refused(root / "home", **{name: f"{root}/{place}" for name, place in places.items()})
    assert [name for name in names if name not in said] == []
    assert "lies in" in said


def test_links_do_not_hide_it(root: Path) -> None:
    (root / "link").symlink_to(root / "landing" / "in")
    landing = str(root / "landing")
    assert "VSF_ARCHIVE" in refused(root / "home", LANDING=landing, ARCHIVE=str(root / "link" / "archive"))
    (root / "home" / "made").symlink_to(root / "landing" / "in")
    assert "made/" in refused(root / "home", LANDING=landing)


def test_the_usual_layouts_are_fine(root: Path) -> None:
    assert read_settings({"VSF_HOME": str(root / "home")}).archive == str(root / "home" / "archive")
    read_settings({"VSF_HOME": str(root / "home"), "VSF_LANDING": f"{root}/landing", "VSF_ARCHIVE": f"{root}/landing2"})
    read_settings({"VSF_HOME": str(root / "home"), "VSF_LANDING": "s3://b/landing", "VSF_ARCHIVE": "s3://b/landing2"})


def test_letters_of_another_case_are_one_place_only_where_the_disk_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"A": f"{root}/New/archive", "B": f"{root}/new"}
    refuse_overlap(places)
    monkeypatch.setattr("vsf_assets.config.overlapping_places._ignores_case", lambda _: True)
    with pytest.raises(SettingsError, match=r"^A=.* lies in B="):
        refuse_overlap(places)


@pytest.mark.parametrize("inner", ["s3://b/x", "s3://b/x/", "s3://b/x/y", "s3://b//x/y"])
def test_prefixes_of_a_bucket_are_refused_likewise(root: Path, inner: str) -> None:
    said = refused(root / "home", LANDING="s3://b/x", ARCHIVE=inner)
    assert "VSF_ARCHIVE" in said
    assert "VSF_LANDING" in said
