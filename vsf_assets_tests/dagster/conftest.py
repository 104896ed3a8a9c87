"""Fixtures of these tests: a home (declared in vsf_assets_tests/commandline.py) and Dagster's instance in it."""

from collections.abc import Iterator

import dagster as dg
import pytest

from vsf_assets_tests.commandline import Home, campaign_samples, home, new_home
from vsf_assets_tests.instances import instance_at_home

__all__ = ["campaign_samples", "home", "new_home"]


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """The instance of the home, for tests that run and tick."""
    with instance_at_home() as opened:
        yield opened
