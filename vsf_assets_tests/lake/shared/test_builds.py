"""Builds and snapshots of a lake that several machines share: of one moment, beside deliveries, as with one file.

Here: whole builds by dbt's compiled SQL and by dbt. Not here: the copy of the catalog (test_published_catalog.py).
"""

from pathlib import Path

import pytest

from vsf_assets.snapshots.connect import connect_current
from vsf_assets.transform import dbt_process
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.warehouses import Home, clicks


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, catalog: str) -> Home:
    """A home with a prepared lake; lake and snapshots are in folders or in a bucket."""
    let_this_process_remove()
    place, variables = str(tmp_path / "lakes" / "lake"), {}
    if request.param == "bucket":
        bucket: Bucket = request.getfixturevalue("bucket")
        place, variables = bucket.address("lake"), {"SNAPSHOTS": bucket.address("snapshots")}
    home = shared_home(tmp_path / "home", catalog, place, **variables)
    home.warehouse.prepare(lambda _: None)
    return home


@pytest.fixture
def file_form(tmp_path: Path) -> Home:
    """A home whose warehouse is one file."""
    return Home(tmp_path / "other", LAKE="")


def counts(home: Home) -> tuple[int, int]:
    """Return the clicks in raw and in reports of the current snapshot."""
    opened = connect_current(home.settings)
    assert opened is not None
    with opened[1] as connection:
        reported = "select sum(rows_loaded) from reports.files where feed = 'clicks'"
        sql = f"select (select count(*) from raw.clicks), ({reported})"
        ((raw, reported),) = connection.execute(sql).fetchall()
    return raw, int(reported)


@pytest.mark.lake
def test_what_arrives_during_a_build_belongs_to_the_next(lake: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.land("clicks_1.csv", clicks(1, 2), 1)
    lake.ingest()
    build = dbt_process.build

    def deliver_first(*arguments: object) -> object:
        lake.land("clicks_2.csv", clicks(3, 4, 5), 2)
        assert len(lake.ingest().stored) == 1
        return build(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(dbt_process, "build", deliver_first)
        build_pending(lake.warehouse, checked=False, with_dbt="://" not in lake.settings.lake)
    assert counts(lake) == (2, 2)
    build_pending(lake.warehouse, checked=False)
    assert counts(lake) == (5, 5)
    assert build_pending(lake.warehouse, checked=False) is None
