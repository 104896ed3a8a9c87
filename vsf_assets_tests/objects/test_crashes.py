"""A process killed with SIGKILL between the steps of storing, copying and removing: the next run completes it.

Not here: crashes that have nothing to do with the store (engine/test_crashes.py).
"""

from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.warehouses import Home, clicks, conversions

STORE = "storage.s3"
STEPS: list[tuple[str, str, str, str, int]] = [
    ("archive", "warehouse.ledger", "store_results", "after", 2),
    ("archive", STORE, "ObjectStore.copy_within", "before", 1),
    ("archive", STORE, "ObjectStore.copy_within", "after", 1),
    ("archive", STORE, "ObjectStore.remove", "before", 2),
    ("archive", STORE, "ObjectStore.remove_marker", "after", 1),
    ("archive", STORE, "ObjectStore._delete", "after", 2),
    ("archive", STORE, "ObjectStore.remove", "after", 3),
    ("keep", STORE, "ObjectStore.copy_within", "after", 2),
    ("delete", STORE, "ObjectStore.put", "after", 1),
]


def land_everything(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1, 2), minute=1)
    home.land("clicks_1.csv.done", b"")
    home.land("clicks_1_late.csv", clicks(1, 2), minute=9)
    home.land("clicks_2.csv", clicks(3) + b"x,1,1\n", minute=2)
    home.land("conversions_1.csv", conversions(1, 2), minute=3)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Home]:
    """Homes in folders after a run that nothing disturbed, by what becomes of landed files."""
    homes = {}
    for after_load in ("archive", "keep", "delete"):
        homes[after_load] = Home(tmp_path_factory.mktemp(after_load), AFTER_LOAD=after_load)
        land_everything(homes[after_load])
        homes[after_load].ingest()
    return homes


@pytest.mark.parametrize(("after_load", "module", "function", "when", "call"), STEPS)
def test_next_run_ends_as_an_undisturbed_one(
    bucket: Bucket,
    tmp_path: Path,
    undisturbed: dict[str, Home],
    after_load: str,
    module: str,
    function: str,
    when: str,
    call: int,
) -> None:
    killed = EngineHome(tmp_path / "killed", bucket, AFTER_LOAD=after_load)
    land_everything(killed)
    variables = {**killed.places, "AFTER_LOAD": after_load}
    job: dict[str, Any] = {"home": str(killed.root), "variables": variables, "die": [module, function, when, call]}
    assert run_children([job]) == [-9]
    killed.ingest()
    expected = undisturbed[after_load]
    assert killed.state() == expected.state()
    assert killed.archived() == expected.archived()
    assert killed.landed() == expected.landed()
