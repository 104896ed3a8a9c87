"""The same tables whatever the order of arrival, and from the archive alone."""

import os
import random
import shutil
from functools import cache

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.demo import SEED
from vsf_assets.demo.campaigns import campaign_files
from vsf_assets.snapshots.current import snapshot_number
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.prebuilt import put_built_warehouse

NAMES = ("clicks/1/clicks_1.csv", "clicks/1/clicks_1_again.csv", "clicks/2/clicks_2.csv", "clicks/2/clicks_2_late.csv")


@cache
def files() -> dict[str, bytes]:
    """Return the files that are landed, by name."""
    made = campaign_files(SEED)
    return {name: made[name] for name in (*NAMES, "impressions/2/impressions_2.csv")}


def drop(home: Home, name: str) -> None:
    """Land one file with its own time."""
    home.drop({name: files()[name]})
    at = 1_750_000_000 + sorted(files()).index(name)
    os.utime(home.landing / name, (at, at))


def test_files_in_any_order_one_per_run_give_the_same_tables_and_so_does_a_rebuild(home: Home) -> None:
    for name in files():
        drop(home, name)
    home.load()
    combined = home.tables()

    home.lose_warehouse()
    for folder in ("snapshots", "archive"):
        shutil.rmtree(home.path / folder)
    put_built_warehouse(read_settings())
    names = sorted(files())
    random.Random(5).shuffle(names)
    for name in names:
        drop(home, name)
        home.load(checked=False)
    assert home.tables() == combined

    home.lose_warehouse()
    shutil.rmtree(home.path / "snapshots")
    with built_directly(checked=False):
        assert home.vsf("rebuild").exit_code == 0
    assert home.tables() == combined
    assert "nothing is pending" in home.vsf("run").output


@pytest.mark.both_forms
def test_without_an_original_a_rebuild_refuses_and_says_which(home: Home, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("VSF_AFTER_LOAD", "delete")
    drop(home, "clicks/2/clicks_2.csv")
    home.load(checked=False)
    outcome = home.vsf("rebuild")
    assert outcome.exit_code == 1
    assert "clicks_2.csv" in outcome.errors
    assert "VSF_AFTER_LOAD=delete" in outcome.errors
    assert home.ask("select count(*) from raw.clicks") == [(900,)]


def test_a_rebuild_refuses_when_an_original_is_missing_and_else_publishes_a_new_snapshot(home: Home) -> None:
    """Of a link in the landing zone the archive keeps a file, so that nobody misses the link's target."""
    target = home.path / "elsewhere.csv"
    target.write_bytes(files()["clicks/2/clicks_2.csv"])
    home.landing.mkdir(parents=True)
    (home.landing / "clicks_2.csv").symlink_to(target)
    home.load(checked=False)
    target.unlink()
    (original,) = (home.path / "archive").rglob("*clicks_2.csv")
    assert not original.is_symlink()
    before = home.tables()
    (home.path / "archive").rename(home.path / "archive.away")
    outcome = home.vsf("rebuild")
    assert outcome.exit_code == 1
    assert "clicks_2.csv" in outcome.errors
    assert home.tables() == before
    assert snapshot_number(home.current.readlink()) == 1
    (home.path / "archive.away").rename(home.path / "archive")
    with built_directly(checked=False):
        assert home.vsf("rebuild").exit_code == 0
    assert snapshot_number(home.current.readlink()) == 2
    assert home.tables() == before
    assert home.ask("select count(*) from raw.clicks") == [(900,)]
