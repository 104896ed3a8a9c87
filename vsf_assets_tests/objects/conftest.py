"""Fixtures of these tests: homes in a bucket, and builds without dbt, which knows nothing of buckets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import enter_home
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.homes import PLACES, CommandHome, EngineHome


@pytest.fixture
def stored(bucket: Bucket, tmp_path: Path) -> EngineHome:
    """A home of the engine with everything in a bucket."""
    return EngineHome(tmp_path / "home", bucket)


@pytest.fixture
def command_home(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandHome:
    """A home of the command line with a built warehouse and everything else in a bucket."""
    home = enter_home(tmp_path / "home", monkeypatch)
    for name in PLACES:
        monkeypatch.setenv(f"VSF_{name}", bucket.address(name.lower()))
    return CommandHome(home.path, bucket)


@pytest.fixture
def without_dbt() -> Iterator[None]:
    """Let the builds of the test go without dbt."""
    with built_directly():
        yield
