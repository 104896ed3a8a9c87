"""Lands a schema, a request or a deletion, as `vsf land` does; a file that lands so is whole and need not settle.

Here: putting a text into the landing zone. Not here: the text (landed_content.py), and who may (saving.py).
"""

import tempfile
from pathlib import Path

from django.conf import settings

from vsf_assets.landing.land_file import land_file
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.full_disk import room_for


def land_text(path: str, text: str) -> None:
    """Land a text under a path of the landing zone; nothing happens if it waits there already.

    Raises:
        VsfError: it cannot be landed.
        OSError: the landing zone is away.
    """
    content = text.encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "landed"
        with room_for("the file that lands", folder, len(content)):
            file.write_bytes(content)
        land_file(settings.VSF.landing, file, path)


def waits_in_landing(path: str) -> bool:
    """Whether a file has not been taken yet; False too while the landing zone is away."""
    try:
        return open_store(settings.VSF.landing).stat(path) is not None
    except OSError:
        return False
