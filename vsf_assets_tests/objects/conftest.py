"""Fixtures of these tests: homes in a bucket."""

from pathlib import Path

import pytest

from vsf_assets.settings import read_settings
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import PLACES, CommandHome, EngineHome
from vsf_assets_tests.prebuilt import put_built_warehouse


@pytest.fixture
def stored(bucket: Bucket, tmp_path: Path) -> EngineHome:
    """A home of the engine with everything in a bucket."""
    return EngineHome(tmp_path / "home", bucket)


@pytest.fixture
def command_home(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandHome:
    """A home of the command line with a built warehouse and everything else in a bucket."""
    monkeypatch.setenv("VSF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "0")
    for name in ("VSF_AFTER_LOAD", "VSF_SCORE_SEED", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in PLACES:
        monkeypatch.setenv(f"VSF_{name}", bucket.address(name.lower()))
    put_built_warehouse(read_settings())
    return CommandHome(tmp_path / "home", bucket)
