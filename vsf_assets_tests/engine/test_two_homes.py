"""Two homes on one landing zone: the second one refuses, and nothing is taken from the first.

Here: folders, buckets, races, and homes that are moved or lose something. Not here: two runs of one home.
"""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.landing import home_marker
from vsf_assets.landing.home_marker import MARKER, claim, foreign, refuse_foreign
from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.pipeline.status import survey
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.rights import like_other_users
from vsf_assets_tests.warehouses import Home, clicks


@pytest.fixture(params=["folder", "bucket"])
def homes(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Home, Home]:
    """Two homes with one landing zone, of which the first has taken a file."""
    if request.param == "folder":
        first = Home(tmp_path / "first")
        second = Home(tmp_path / "second", LANDING=str(first.landing.parent / "landing"))
        first.land("clicks_1.csv", clicks(1))
    else:
        bucket: Bucket = request.getfixturevalue("bucket")
        first = EngineHome(tmp_path / "first", bucket, ("ARCHIVE", "SNAPSHOTS"))
        second = EngineHome(tmp_path / "second", bucket, ("ARCHIVE", "SNAPSHOTS"))
        first.land("clicks_1.csv", clicks(1))
    first.ingest()
    return first, second


@pytest.fixture(autouse=True)
def landing_is_there(tmp_path: Path) -> None:
    (tmp_path / "first" / "landing").mkdir(parents=True, exist_ok=True)


def id_of(home: Home) -> str:
    """Return the id of a home: that of its lake where several homes share it."""
    return home.warehouse.form.owner_id() or (home.root / "warehouse" / "home-id").read_text()


def remove_marker(home: Home) -> None:
    if isinstance(home, EngineHome):
        home.bucket.server.inside(home.bucket.name).keys.pop(f"landing/{MARKER}")
    else:
        (home.landing / MARKER).unlink()


def test_second_home_refuses_names_both_and_says_what_to_do(homes: tuple[Home, Home]) -> None:
    first, second = homes
    second.land("clicks_2.csv", clicks(2))
    identity = id_of(first)
    for act in (
        second.ingest,
        lambda: survey(second.settings, second.warehouse),
        lambda: refuse_foreign(second.settings),
    ):
        with pytest.raises(VsfError) as refused:
            act()
        said = str(refused.value)
        place = f"{second.settings.landing}/{MARKER}"
        for part in (f"{first.root} on ", f"id {identity}", str(second.root), "(VSF_LANDING)", f"remove {place}"):
            assert part in said
    with pytest.raises(VsfError, match="belongs to another home"):
        rebuild(second.warehouse, "test")
    assert first.landed() == ["clicks_2.csv"]
    first.ingest()
    assert first.click_ids() == [1, 2]
    assert foreign(first.settings) is None


def test_home_that_is_gone_is_followed_by_another_when_its_marker_is_removed(homes: tuple[Home, Home]) -> None:
    first, second = homes
    second.land("clicks_2.csv", clicks(2))
    remove_marker(second)
    second.ingest()
    assert second.click_ids() == [2]
    assert "second" in (foreign(first.settings) or "")


def test_home_that_is_moved_keeps_its_landing_zone(homes: tuple[Home, Home], tmp_path: Path) -> None:
    first, second = homes
    second.root.mkdir()
    for folder in ("warehouse", "archive", *first.warehouse.form.data_folders):
        shutil.move(first.root / folder, second.root / folder)
    second.land("clicks_2.csv", clicks(2))
    second.ingest()
    assert second.click_ids() == [1, 2]


def test_id_that_was_lost_with_the_warehouse_is_taken_back(homes: tuple[Home, Home]) -> None:
    first, _ = homes
    file = first.root / "warehouse" / "home-id"
    before = file.read_text()
    file.unlink()
    first.ingest()
    assert file.read_text() == before


def test_home_that_was_moved_and_lost_its_warehouse_still_has_its_own_landing_zone(home: Home, tmp_path: Path) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    moved = tmp_path / "moved"
    home.root.rename(moved)
    shutil.rmtree(moved / "warehouse")
    assert foreign(Home(moved).settings) is None


def test_of_two_first_runs_at_once_one_home_gets_the_landing_zone(tmp_path: Path) -> None:
    rivals = [Home(tmp_path / name, LANDING=str(tmp_path / "first" / "landing")) for name in ("a", "b", "c", "d")]

    def load(home: Home) -> bool:
        try:
            claim(home.settings, lambda _: None)
        except VsfError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(load, rivals))
    assert sorted(won) == [False, False, False, True]
    assert [foreign(home.settings) is None for home in rivals] == won


def test_home_that_saw_no_marker_a_moment_ago_replaces_none(
    homes: tuple[Home, Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = homes
    original, scans_sources = home_marker._read_marker, [None]
    monkeypatch.setattr(home_marker, "_read_marker", lambda s: scans_sources.pop() if scans_sources else original(s))
    with pytest.raises(VsfError, match="belongs to another home"):
        second.ingest()
    assert foreign(first.settings) is None


def test_where_no_marker_can_be_written_the_run_goes_on_with_a_warning(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.land("clicks_1.csv", clicks(1))

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(home_marker, "_write_marker", refuse)
    said: list[str] = []
    claim(home.settings, said.append)
    assert said == [
        f"warning: {home.landing}/{MARKER} cannot be written (Read-only file system); another home there would not be"
        " noticed"
    ]
    home.ingest()
    assert home.click_ids() == [1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_landing_zone_that_may_only_be_read_is_nobodys(home: Home) -> None:
    """As another user, who owns the home and may only read the landing zone."""
    home.land("clicks_1.csv", clicks(1))
    for folder in (home.root, *list(home.root.parents)[:4]):
        folder.chmod(0o755)
    os.chown(home.root, 65534, 65534)
    pid = os.fork()
    if pid == 0:
        code, said = 9, list[str]()
        try:
            os.setgid(65534)
            os.setuid(65534)
            claim(home.settings, said.append)
            code = 0 if len(said) == 1 and "cannot be written (Permission denied)" in said[0] else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not (home.landing / MARKER).exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b"[1]", b'{"id": "x"}'])
def test_marker_that_says_nothing_is_refused_by_name(home: Home, content: bytes) -> None:
    home.land(MARKER, content)
    with pytest.raises(VsfError, match=r"\.vsf-home does not say which home .* remove it and run again"):
        home.ingest()


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_marker_that_is_no_file_is_not_opened_and_refused_by_name(home: Home, kind: str) -> None:
    home.land("clicks_1.csv", clicks(1))
    (os.mkfifo if kind == "pipe" else os.mkdir)(home.landing / MARKER)
    with pytest.raises(VsfError, match=r"\.vsf-home does not say which home .* remove it and run again"):
        home.ingest()


def test_marker_that_may_not_be_read_is_refused_with_what_to_do(home: Home) -> None:
    home.land(MARKER, b"{}").chmod(0)
    said = r"\.vsf-home cannot be read: Permission denied; so it is unknown .* remove it and run again"
    with like_other_users():
        with pytest.raises(VsfError, match=said):
            home.ingest()
        assert "cannot be read" in (foreign(home.settings) or "")


def test_marker_names_the_home_and_lands_nowhere(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    marker = json.loads((home.landing / MARKER).read_text())
    assert (marker["home"], marker["id"]) == (str(home.root), id_of(home))
    assert survey(home.settings, home.warehouse).queue.unknown == []
    assert sorted(path.name for path in home.landing.iterdir()) == [MARKER]
