"""The archive alone gives the raw tables again, row for row. Not here: `vsf rebuild` with its marts (cli/)."""

import gzip
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.ingest.session import ingest_archive
from vsf_assets_tests.forms import copy_home
from vsf_assets_tests.warehouses import Home, clicks, conversions

BAD = clicks(1, 2) + b'x,1,1\n"3,\n\n'


def fill(root: Path, **variables: str) -> Home:
    """Make a home with every kind of delivery, ingested one by one, latest first."""
    home = Home(root, **variables)
    files = [
        ("clicks_1.csv", BAD),
        ("clicks_1_b.csv", BAD),
        ("2/clicks_1.csv", BAD),
        ("clicks.csv", clicks(5)),
        ("clicks_3.csv.gz", gzip.compress(clicks(6), mtime=0)[:-2]),
        ("conversions_1.csv", conversions(*range(50))),
        ("impressions_1.csv", b""),
    ]
    for minute, (path, content) in reversed(list(enumerate(files))):
        home.land(path, content, minute)
        home.ingest()
    return home


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return fill(tmp_path_factory.mktemp("filled"))


@pytest.fixture
def filled(original: Home, tmp_path: Path) -> Home:
    """A copy of a home that was filled, as it is without settings of its own."""
    copy_home(original.root, tmp_path / "home")
    return Home(tmp_path / "home")


def rebuilt(home: Home, root: Path, **variables: str) -> Home:
    """Return another home whose warehouse comes from the first one's archive."""
    other = Home(root, ARCHIVE=home.settings.archive, **variables)
    with other.warehouse.lock("rebuild"):
        ingest_archive(other.warehouse, "rebuild")
    return other


@pytest.mark.parametrize("after_load", ["archive", "keep"])
def test_rebuild_gives_the_same_tables(tmp_path: Path, after_load: str) -> None:
    home = fill(tmp_path / "home", AFTER_LOAD=after_load)
    archived = home.archived()
    assert rebuilt(home, tmp_path / "other").state() == home.state()
    assert home.archived() == archived


def test_rebuild_in_many_batches_gives_the_same_tables(
    filled: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vsf_assets.ingest.loader.BATCH_FILES", 2)
    assert rebuilt(filled, tmp_path / "other").state() == filled.state()


def test_rebuild_refuses_a_damaged_original(filled: Home, tmp_path: Path) -> None:
    next(filled.archive.rglob("*__conversions_1.csv")).write_bytes(conversions(1))
    with pytest.raises(VsfError, match="damaged"):
        rebuilt(filled, tmp_path / "other")


def test_rebuild_refuses_after_originals_were_deleted(tmp_path: Path) -> None:
    home = fill(tmp_path / "home", AFTER_LOAD="delete")
    with pytest.raises(VsfError, match="VSF_AFTER_LOAD=delete"):
        rebuilt(home, tmp_path / "other")


def test_rebuild_refuses_a_stranger_in_the_archive(filled: Home, tmp_path: Path) -> None:
    (filled.archive / "clicks" / "notes.txt").write_text("x")
    with pytest.raises(VsfError, match=r"notes\.txt"):
        rebuilt(filled, tmp_path / "other")


def test_empty_archive_gives_empty_tables(tmp_path: Path) -> None:
    other = rebuilt(Home(tmp_path / "home"), tmp_path / "other")
    assert all(rows == [] for rows in other.state().values())


def test_ingest_beside_an_archive_without_its_warehouse_refuses(filled: Home) -> None:
    filled.lose_warehouse()
    filled.land("clicks_4.csv", clicks(9))
    with pytest.raises(VsfError, match="vsf rebuild"):
        filled.ingest()
