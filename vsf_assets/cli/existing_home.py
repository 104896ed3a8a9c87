"""Refuses commands that only read, or that need data, where no home was made.

Here: that one check, which many commands make. Not here: what a home consists of (config/settings.py).
"""

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings


def refuse_missing_home(settings: Settings) -> None:
    """Refuse a command that only reads where no home was made; it would make one.

    Raises:
        VsfError: there is no home.
    """
    if not settings.has_home:
        raise VsfError(
            f"there is no home in {settings.home}; make one with vsf demo or vsf land, or name another by VSF_HOME"
        )
