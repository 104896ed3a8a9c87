"""Uploads of datasets with the landing zone and the archive in a bucket: the same as in folders.

Not here: what an upload is (engine/test_datasets.py).
"""

from pathlib import Path

import pytest

from vsf_assets_tests.datasets import land_dataset, load, small_dataset
from vsf_assets_tests.engine.test_datasets import crash_while_filing, minute
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.warehouses import Home

OTHER = ["ns-1,Other,o", "ns-2"]


def load_several(home: Home) -> None:
    for number, files in enumerate([small_dataset(), small_dataset(namespaces=OTHER), small_dataset()]):
        land_dataset(home, "funds ü", files, minute=10 * number)
        load(home)
    land_dataset(home, "other", small_dataset())
    load(home, reload="all")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in folders after several uploads."""
    home = Home(tmp_path_factory.mktemp("here"))
    load_several(home)
    return home


@pytest.mark.parametrize("folders", [(), ("LANDING",), ("ARCHIVE",)])
def test_uploads_in_a_bucket_end_as_in_folders(
    bucket: Bucket, tmp_path: Path, here: Home, folders: tuple[str, ...]
) -> None:
    there = EngineHome(tmp_path, bucket, folders)
    load_several(there)
    assert there.state() == here.state()
    assert there.archived() == here.archived()
    assert there.landed() == here.landed() == []
    assert there.query("select count(*), count(distinct landed_at) from raw.files") == [(12, 3)]


def test_after_a_crash_a_changed_object_makes_a_version_of_all_that_lies_there(
    stored: EngineHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_dataset(stored, "funds", small_dataset())
    crash_while_filing(stored, monkeypatch, 0)
    land_dataset(stored, "funds", {"datapoints.csv": small_dataset(datapoints=["dp-1"])["datapoints.csv"]}, minute=30)
    load(stored)
    counts = stored.query("select landed_at, count(*) from raw.files group by 1 order by 1")
    assert counts == [(minute(2), 3), (minute(30), 3)]
    # Every original was safe before its transaction ended.
    assert {path for (path,) in stored.query("select archive_path from raw.files")} <= set(stored.archived())
