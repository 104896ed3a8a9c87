"""A home, the data files of its shared lake and its database are moved or restored elsewhere, and everything reads on.

Here: lakes and snapshots in folders and in a bucket. Not here: moving between forms (test_moving.py), and published
catalogs alone (test_published_catalog.py).
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.snapshots.connect import connect_current, connect_snapshot
from vsf_assets.snapshots.current import published_snapshots
from vsf_assets.storage.s3_client import is_address, split_address
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.lake.shared.homes import reading, shared_home
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.postgres_server import PROGRAMS
from vsf_assets_tests.warehouses import Home, clicks

IDS = "select click_id from raw.clicks order by 1"


def deliver(home: Home, *ids: int) -> None:
    """Store a file of clicks, build and publish."""
    home.land(f"clicks_{ids[0]}.csv", clicks(*ids), ids[0])
    assert len(home.ingest().stored) == 1
    build_pending(home.warehouse, checked=False)


def published(home: Home) -> list[list[int]]:
    """Return the clicks of each kept snapshot, the oldest first."""
    found = []
    for snapshot in published_snapshots(home.settings).values():
        with connect_snapshot(snapshot, home.settings.lake) as connection:
            found.append([number for (number,) in connection.execute(IDS).fetchall()])
    return sorted(found)


def current(home: Home) -> list[tuple[int, int]]:
    """Return the clicks of the current snapshot, and how many its reports count."""
    opened = connect_current(home.settings)
    assert opened is not None
    with opened[1] as connection:
        reported = "select sum(rows_loaded)::bigint from reports.files where feed = 'clicks'"
        return connection.execute(f"select (select count(*) from raw.clicks), ({reported})").fetchall()


def move(place: str, target: str, bucket: Bucket | None) -> None:
    """Move a folder, or all objects below an address."""
    if not is_address(place):
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(place, target)
        return
    assert bucket is not None
    before, after = (split_address(each)[1].rstrip("/") for each in (place, target))
    for key in bucket.keys(f"{before}/"):
        bucket.put(f"{after}/{key}", bucket.get(f"{before}/{key}"))
        bucket.delete(f"{before}/{key}")


def restore(database: str, other: str) -> None:
    """Copy a database into an empty one, as a restore of its backup does, for another role."""
    dump = [PROGRAMS[-1] / "pg_dump", "--no-owner", "--no-privileges", f"--dbname={database}"]
    text = subprocess.run(dump, check=True, capture_output=True).stdout
    load = [PROGRAMS[-1] / "psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={other}"]
    subprocess.run(load, input=text, check=True, capture_output=True)


@pytest.mark.lake
@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_all_places_move_and_the_database_is_restored_elsewhere(
    kind: str, tmp_path: Path, catalog: str, other_catalog: str, request: pytest.FixtureRequest
) -> None:
    let_this_process_remove()
    bucket: Bucket | None = request.getfixturevalue("bucket") if kind == "bucket" else None
    places = {
        name: (bucket.address(name), bucket.address(f"moved/{name}"))
        if bucket
        else (str(tmp_path / f"{name}s" / name), str(tmp_path / "moved" / f"{name}s" / name))
        for name in ("lake", "snapshot")
    }
    (lake, new_lake), (snapshots, new_snapshots) = places.values()
    home = shared_home(tmp_path / "home", catalog, lake, SNAPSHOTS=snapshots)
    home.warehouse.prepare(lambda _: None)
    deliver(home, 1, 2)
    deliver(home, 3)

    move(lake, new_lake, bucket)
    move(snapshots, new_snapshots, bucket)
    restore(catalog, other_catalog)
    move(str(home.root), str(tmp_path / "there"), None)
    there = shared_home(tmp_path / "there", other_catalog, new_lake, SNAPSHOTS=new_snapshots)
    assert (current(there), published(there)) == ([(3, 3)], [[1, 2], [1, 2, 3]])
    with reading(there) as connection:
        assert connection.execute(IDS).fetchall() == [(1,), (2,), (3,)]
    deliver(there, 4)
    assert (current(there), published(there)) == ([(4, 4)], [[1, 2], [1, 2, 3], [1, 2, 3, 4]])


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_a_place_without_the_data_files_is_refused(
    kind: str, tmp_path: Path, catalog: str, request: pytest.FixtureRequest
) -> None:
    let_this_process_remove()
    bucket: Bucket | None = request.getfixturevalue("bucket") if kind == "bucket" else None
    lake = bucket.address("lake") if bucket else str(tmp_path / "lakes" / "lake")
    home = shared_home(tmp_path / "home", catalog, lake)
    home.warehouse.prepare(lambda _: None)
    home.land("clicks_1.csv", clicks(1), 1)
    home.ingest()
    other = f"{lake}-moved"
    elsewhere = shared_home(home.root, catalog, other)
    elsewhere.land("clicks_2.csv", clicks(2), 2)
    with pytest.raises(VsfError, match=r"does not hold g1.*VSF_LAKE"):
        elsewhere.ingest()
    assert bucket.keys("lake-moved/") == [] if bucket else not Path(other).exists()
    move(lake, other, bucket)
    assert [len(elsewhere.ingest().stored), elsewhere.click_ids()] == [1, [1, 2]]
