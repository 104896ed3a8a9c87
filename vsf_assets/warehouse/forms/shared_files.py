"""The data files that lie under a generation of a shared lake, in a folder or in a bucket.

Here: listing and removing them. Not here: which of them go (shared_upkeep.py).
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from vsf_assets.common.errors import VsfError
from vsf_assets.storage.s3_client import ObjectRefusedError, is_address

SUFFIX = ".parquet"


class GenerationFiles:
    """The data files of one generation.

    Args:
        place: its folder or address, without a slash at its end.
    """

    def __init__(self, place: str):
        self.place = place

    def sizes(self) -> dict[str, int]:
        """Return path below the place -> size in bytes of all that are there."""
        if is_address(self.place):
            from vsf_assets.storage.s3 import ObjectStore

            found = {entry.path: entry.size for entry in ObjectStore(self.place).every_entry()}
        else:
            paths = (path for path in Path(self.place).rglob(f"*{SUFFIX}"))
            found = {str(path.relative_to(self.place)): path.stat().st_size for path in paths}
        return {path: size for path, size in found.items() if path.endswith(SUFFIX)}

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files; those that are not there any more are removed.

        Raises:
            VsfError: the key of the bucket has no right to.
            OSError: one cannot be removed.
        """
        if is_address(self.place):
            from vsf_assets.storage.s3 import ObjectStore

            store = ObjectStore(self.place)
            try:
                for path in paths:
                    store.remove(path)
            except ObjectRefusedError as error:
                raise VsfError(
                    f"{error}; run vsf maintain with a key that may delete objects of the lake, which workers need not"
                ) from error
        else:
            for path in paths:
                (Path(self.place) / path).unlink(missing_ok=True)

    def remove_place(self) -> None:
        """Remove all files, and the folder; there may be none."""
        self.remove(self.sizes())
        if not is_address(self.place) and Path(self.place).exists():
            shutil.rmtree(self.place)
