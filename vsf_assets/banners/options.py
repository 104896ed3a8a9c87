"""What the settings say to a banner worker.

Here: the options as a small value that goes to another process. Not here: reading settings (config/).
"""

from dataclasses import dataclass
from pathlib import Path

from vsf_assets.config.settings import LOOPBACK, Settings


@dataclass(frozen=True)
class WebOptions:
    """Options of the application.

    Attributes:
        boundary: "next" or "previous"; see quarters.py.
        origins: origins of pages of other sites that embed banners.
        is_secure: whether the visitor's cookie is sent over TLS only.
        pictures: folder of the operator's pictures.
    """

    boundary: str
    origins: frozenset[str]
    is_secure: bool
    pictures: Path


def web_options(settings: Settings, host: str) -> WebOptions:
    """Return the options of a service that listens on a host; browsers accept a cross-site cookie over TLS only."""
    is_secure = host not in LOOPBACK if settings.banners_secure is None else settings.banners_secure
    return WebOptions(
        settings.quarter_boundary,
        settings.banners_origins,
        is_secure or bool(settings.banners_origins),
        settings.home / "banners",
    )
