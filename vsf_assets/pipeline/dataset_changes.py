"""Lands the record of a renamed or deleted dataset.

Here: the record, its name, and putting it into the landing zone; a change is a delivery, so that a rebuild applies it
too. Not here: who may change a dataset (cli/dataset.py, portal/datasets), and the effect of the record (dbt).
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from vsf_assets.config.settings import Settings
from vsf_assets.feeds.by_family.datasets import CHANGES
from vsf_assets.landing.land_file import land_file
from vsf_assets.storage.full_disk import room_for

RENAME, DELETE = "rename", "delete"


def path_of_change(action: str) -> str:
    """Return the path in the landing zone for the record of a change that is made now."""
    return f"{CHANGES}/{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z_{action}.jsonl"


def land_change(settings: Settings, path: str, action: str, dataset: str, new_name: str | None = None) -> None:
    """Land the record of a change.

    Args:
        settings: they name the landing zone.
        path: of the record there, from `path_of_change`.
        action: RENAME or DELETE.
        dataset: name of the dataset before the change.
        new_name: name after a rename.

    Raises:
        FullDiskError: the disk has too little free space.
        UsageError: the record cannot be landed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path.rpartition("/")[2]
        change = {"action": action, "dataset": dataset, "new_name": new_name}
        content = (json.dumps(change, ensure_ascii=False) + "\n").encode()
        with room_for("the record of the change", folder, len(content)):
            file.write_bytes(content)
        land_file(settings.landing, file, path)
