"""Prepares a home before the parts of the service start, in a process of its own.

Here: the dbt manifest, the storage of Dagster and the landing zone. A separate process, because the supervisor stays
small: it never imports Dagster or dbt. Not here: starting the parts (supervisor.py).
"""

import sys
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.defs.local_runner import open_instance
from vsf_assets.storage.s3_client import is_address
from vsf_assets.transform.dbt_runner import ensure_manifest


def main() -> None:
    """Create what several processes would otherwise create at the same time; an error for users is one line."""
    settings = read_settings()
    try:
        ensure_manifest(settings)
        with open_instance(settings):
            pass
        if not is_address(settings.landing):
            Path(settings.landing).mkdir(parents=True, exist_ok=True)
    except (VsfError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
