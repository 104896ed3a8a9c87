"""Dagster in tests: an instance in the home that the environment names, and ticks of sensors on it.

Here: what tests of sensors and materializations share. Not here: homes (commandline.py, objects/homes.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import dagster as dg

from vsf_assets.config.settings import read_settings
from vsf_assets.definitions import defs
from vsf_assets.defs.local_runner import open_instance
from vsf_assets.transform.dbt_runner import ensure_manifest


@contextmanager
def instance_at_home() -> Iterator[dg.DagsterInstance]:
    """Open the instance of the home, with the models parsed."""
    settings = read_settings()
    ensure_manifest(settings)
    with open_instance(settings) as opened:
        yield opened


@cache
def loaded_defs() -> dg.Definitions:
    """Return the definitions, loaded once: settings do not change them (dagster/test_settings_in_runs.py)."""
    return defs()


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    """Evaluate a sensor once; return what it decided."""
    definitions = loaded_defs()
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, resources=definitions.resources, definitions=definitions
    )
    return sensor(context)
