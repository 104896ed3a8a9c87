"""Runs that are refused before they do anything, with the reason and what to do instead.

Here: runs of assets that cannot be made in one run, and runs that no UI would show. Not here: builds that are refused
because of their result (build_attempts.py).
"""

from collections.abc import Collection
from pathlib import Path

import dagster as dg

from vsf_assets.config.settings import Settings
from vsf_assets.feeds import families

BUILD_STEP = "marts_and_snapshot"


def refuse_if_wrong(context: dg.AssetExecutionContext | dg.OpExecutionContext, settings: Settings) -> None:
    """Refuse a run that would do its steps in the wrong order, or that the home does not record.

    Raises:
        dg.Failure: the run is refused; the message says why.
    """
    steps = {node.name for node in context.op_execution_context.job_def.nodes}
    why = wrong_order(steps) or other_instance(place_of_records(context.instance), settings)
    if why:
        raise dg.Failure(why, allow_retries=False)


def wrong_order(steps: Collection[str]) -> str | None:
    """Return why steps cannot be in one run, or None if they can.

    Raw assets and models that do not read them directly have no order in Dagster, which may build before it loads. A
    step that reads them directly is skipped, because raw assets are skippable.

    Args:
        steps: names of the run's steps.
    """
    if BUILD_STEP not in steps or not {f"{family}_files" for family in families()} & set(steps):
        return None
    return (
        "raw assets and assets that are built from them cannot be materialized in one run, because Dagster may build"
        " before it loads; materialize the raw assets alone, and the build follows by itself, or use: vsf run"
    )


def place_of_records(instance: dg.DagsterInstance) -> Path | None:
    """Return the folder in which an instance records runs; None for one that records nothing, or in a database."""
    storage = instance.event_log_storage
    if instance.is_ephemeral or hasattr(storage, "postgres_url"):
        return None
    folder = getattr(storage, "folder", None)
    return Path(folder or instance.root_directory).resolve()


def other_instance(folder: Path | None, settings: Settings) -> str | None:
    """Return why a run that is recorded in a folder is refused: the UI of the home would not show it; None if it would.

    Args:
        folder: the folder in which the instance of the run records it; None for no folder.
        settings: the home.
    """
    if folder is None or folder == settings.dagster_home.resolve():
        return None
    return (
        f"this run is recorded in {folder}, and the UI of the home {settings.home} would not show it; set"
        f" DAGSTER_HOME={settings.dagster_home} for Dagster's own commands, or use: vsf run"
    )
