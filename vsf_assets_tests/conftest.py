"""What every test may use: a temporary home, the samples, and the engines' versions in the header."""

import gc
import os
import signal
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.object_server import bucket, object_server
from vsf_assets_tests.prebuilt import place_of_the_original
from vsf_assets_tests.warehouses import Home
from vsf_assets_tests.workers import fork_workers

__all__ = ["bucket", "object_server", "place_of_the_original"]

pytest_plugins = ["vsf_assets_tests.spent_time", "vsf_assets_tests.tests_by_form"]

settings.register_profile("vsf", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vsf")


def pytest_report_header() -> str:
    return "engines: " + ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "pandera", "dagster"))


FIRST = ("families/test_adding_a_feed.py", "cli/test_serve.py", "cli/test_crash.py", "cli/test_surroundings.py")
"""Files of the longest tests: one that begins last leaves a processor without work for half a minute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests; the others keep their order."""
    items.sort(key=lambda item: not item.nodeid.partition("::")[0].endswith(FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[object]) -> None:
    """Fork the workers, which have then imported and collected everything."""
    fork_workers(config, specs)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Spare the collector, which pytest calls ten times at the end, everything that is there until then."""
    gc.freeze()


def pytest_configure() -> None:
    """Look for garbage seldom, and let children be interrupted.

    With Dagster, dbt and all tests in memory the collector takes a twentieth of the time, and it finds little. A shell
    that runs the suite in the background has its children ignore Ctrl-C.
    """
    gc.set_threshold(10_000, 20, 20)
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return an empty home with no waiting for files to settle."""
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Return the folder of sample files; skips where it is absent."""
    folder = PROJECT_ROOT / os.environ.get("VSF_SAMPLES", "../shared/samples")
    if not folder.is_dir():
        pytest.skip(f"no samples in {folder}; set VSF_SAMPLES")
    return folder
