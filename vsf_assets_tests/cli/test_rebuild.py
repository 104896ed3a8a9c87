"""The same tables whatever the order of arrival, and from the archive alone."""

import os
import random
import shutil

from vsf_assets.demo import SEED
from vsf_assets.demo.campaigns import campaign_files
from vsf_assets_tests.commandline import Home

NAMES = ("clicks/1/clicks_1.csv", "clicks/1/clicks_1_again.csv", "clicks/2/clicks_2.csv", "clicks/2/clicks_2_late.csv")
FILES = {name: campaign_files(SEED)[name] for name in (*NAMES, "impressions/2/impressions_2.csv")}


def drop(home: Home, name: str) -> None:
    """Land one file with its own time."""
    home.drop({name: FILES[name]})
    at = 1_750_000_000 + sorted(FILES).index(name)
    os.utime(home.landing / name, (at, at))


def test_files_in_any_order_one_per_run_give_the_same_tables_and_so_does_a_rebuild(home: Home) -> None:
    for name in FILES:
        drop(home, name)
    assert home.vsf("run").exit_code == 0
    together = home.tables()

    for folder in ("warehouse", "snapshots", "archive"):
        shutil.rmtree(home.path / folder)
    names = sorted(FILES)
    random.Random(5).shuffle(names)
    for name in names:
        drop(home, name)
        assert home.vsf("run").exit_code == 0
    assert home.tables() == together

    shutil.rmtree(home.path / "warehouse")
    shutil.rmtree(home.path / "snapshots")
    assert home.vsf("rebuild").exit_code == 0
    assert home.tables() == together
    assert "nothing is pending" in home.vsf("run").output


def test_a_rebuild_beside_a_good_warehouse_publishes_a_new_snapshot(home: Home) -> None:
    drop(home, "clicks/2/clicks_2.csv")
    home.vsf("run")
    before = home.tables()
    assert home.vsf("rebuild").exit_code == 0
    assert home.current.readlink().name == "vsf-2.duckdb"
    assert home.tables() == before


def test_without_an_original_a_rebuild_refuses_and_says_which(home: Home, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("VSF_AFTER_LOAD", "delete")
    drop(home, "clicks/2/clicks_2.csv")
    home.vsf("run")
    outcome = home.vsf("rebuild")
    assert outcome.exit_code == 1
    assert "clicks_2.csv" in outcome.errors
    assert "VSF_AFTER_LOAD=delete" in outcome.errors
    assert home.ask("select count(*) from raw.clicks") == [(900,)]


def test_a_rebuild_refuses_when_an_original_the_warehouse_knows_is_missing(home: Home) -> None:
    drop(home, "clicks/2/clicks_2.csv")
    home.vsf("run")
    before = home.tables()
    (home.path / "archive").rename(home.path / "archive.away")
    outcome = home.vsf("rebuild")
    assert outcome.exit_code == 1
    assert "clicks_2.csv" in outcome.errors
    assert home.tables() == before
    (home.path / "archive.away").rename(home.path / "archive")
    assert home.vsf("rebuild").exit_code == 0
    assert home.tables() == before


def test_a_link_in_the_landing_zone_is_archived_as_a_file(home: Home) -> None:
    target = home.path / "elsewhere.csv"
    home.landing.mkdir(parents=True)
    target.write_bytes(FILES["clicks/2/clicks_2.csv"])
    (home.landing / "clicks_2.csv").symlink_to(target)
    home.vsf("run")
    target.unlink()
    (original,) = (home.path / "archive").rglob("*clicks_2.csv")
    assert not original.is_symlink()
    assert home.vsf("rebuild").exit_code == 0
    assert home.ask("select count(*) from raw.clicks") == [(900,)]
