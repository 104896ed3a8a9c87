"""Settings are read in runs and ticks: the definitions load whatever the variables say.

Not here: which values a variable may have (unit/) and what commands say of a bad one (cli/).
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import pytest

from vsf_assets.common.errors import SettingsError
from vsf_assets.config.settings import read_settings
from vsf_assets.definitions import defs
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home

BAD = {
    "VSF_LANDING": "nonsense://somewhere",
    "VSF_ARCHIVE": "s3://",
    "VSF_SETTLE_SECONDS": "soon",
    "VSF_THREADS": "0",
    "VSF_AFTER_LOAD": "burn",
    "VSF_EVENTS_START": "yesterday",
    "VSF_STORE_ATTEMPTS": "many",
    "VSF_PROFILE": "nobody",
}
"""Variables and what none of them may hold."""

SENSORS = ("campaigns_landing", "catalog_source", "fake_requests_waiting", "unbuilt_deliveries")
JOBS = ("ingest_campaigns", "make_files", "build_and_publish", "rebuild_warehouse")
"""One of each kind."""


def broken_sources(folder: Path) -> str:
    file = folder / "sources.toml"
    file.write_text("[music\naddress = ")
    return str(file)


def missing_sources(folder: Path) -> str:
    return str(folder / "no such file.toml")


def settings_error(error: BaseException | None) -> str:
    """Return the message of the SettingsError among the causes of an error."""
    while error is not None and not isinstance(error, SettingsError):
        error = error.__cause__
    assert error is not None, "no SettingsError"
    return str(error)


def ticks_and_runs_fail_with(variable: str, sensors: Sequence[str] = SENSORS, jobs: Sequence[str] = JOBS) -> None:
    """Ticks and runs fail with a message that names the variable."""
    definitions = defs()
    repository = definitions.get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        for name in sensors:
            sensor = repository.get_sensor_def(name)
            with pytest.raises(Exception, match=re.escape(variable)) as caught:
                instances.tick(sensor, instance)
            assert variable in settings_error(caught.value), name
        for name in jobs:
            job = definitions.resolve_job_def(name)
            result = job.execute_in_process(instance=instance, raise_on_error=False)
            assert not result.success
            (failed,) = [event for event in result.all_events if event.is_step_failure]
            error = failed.step_failure_data.error
            assert error is not None and error.cause is not None
            assert error.cause.cls_name == "SettingsError" and variable in error.cause.message, name


@pytest.mark.parametrize("variable", BAD)
def test_a_bad_variable_fails_the_tick_and_the_run_that_reads_it_by_its_name(
    home: Home, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    ensure_manifest(read_settings())
    monkeypatch.setenv(variable, BAD[variable])
    ticks_and_runs_fail_with(variable, SENSORS[:1], JOBS[:1])


@pytest.mark.parametrize("make", [broken_sources, missing_sources])
def test_so_does_a_settings_file_of_sources_that_is_broken_or_not_there(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Callable[[Path], str]
) -> None:
    ensure_manifest(read_settings())
    monkeypatch.setenv("VSF_SOURCES", make(tmp_path))
    ticks_and_runs_fail_with("VSF_SOURCES")


def test_a_code_location_loads_although_every_variable_is_bad(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That its module can be imported is in test_definitions.py."""
    ensure_manifest(read_settings())
    for variable, value in {**BAD, "VSF_SOURCES": broken_sources(tmp_path)}.items():
        monkeypatch.setenv(variable, value)
    dg.Definitions.validate_loadable(defs())


def test_the_definitions_are_the_same_whatever_the_places_are(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_manifest(read_settings())

    def names() -> tuple[list[str], list[str], list[str]]:
        repository = defs().get_repository_def()
        sensors = sorted(sensor.name for sensor in repository.sensor_defs)
        jobs = sorted(job.name for job in repository.get_all_jobs())
        return sensors, jobs, sorted(repository.get_top_level_resources())

    in_folders = names()
    monkeypatch.setenv("VSF_LANDING", "s3://a-bucket/landing")
    assert names() == in_folders
    assert in_folders[2] == ["object_store", "warehouse"]
