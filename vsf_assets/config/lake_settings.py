"""Reads the settings of a lake, and refuses what does not fit together.

Here: VSF_LAKE and VSF_CATALOG. Not here: the form of the warehouse that follows from them (warehouse/forms/).
"""

from collections.abc import Mapping
from pathlib import Path

from vsf_assets.common.errors import SettingsError


def read_lake(values: Mapping[str, str], base: Path, snapshots: str) -> str:
    """Return the folder of a lake; empty for none.

    Args:
        values: of the variables.
        base: the folder that a relative path starts from.
        snapshots: place of the snapshots.

    Raises:
        SettingsError: it is no folder, or the other settings do not fit it.
    """
    lake, catalog = values["VSF_LAKE"], values["VSF_CATALOG"]
    if catalog and not lake:
        raise SettingsError("VSF_CATALOG is set and VSF_LAKE is not; name the place of the data files by VSF_LAKE")
    if "://" in lake and not catalog:
        raise SettingsError(
            "VSF_LAKE with an address needs VSF_CATALOG: without a shared catalog nothing would keep a second home away"
            " from these files. Name a folder of this machine by VSF_LAKE, or leave it empty"
        )
    if catalog:
        raise SettingsError(
            "VSF_CATALOG is for a lake that several machines share, which this release does not have yet; leave it"
            " empty, and name a folder of this machine by VSF_LAKE"
        )
    if lake and "://" in snapshots:
        raise SettingsError(
            f"VSF_SNAPSHOTS={snapshots!r} does not fit VSF_LAKE={lake!r}: a snapshot of a lake names files of this"
            " machine, which readers elsewhere cannot read. Name a folder by VSF_SNAPSHOTS"
        )
    return str((base / Path(lake).expanduser()).resolve()) if lake else ""
