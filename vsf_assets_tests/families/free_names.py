"""Names for feeds that the project does not have, whatever people have added.

Not here: the page's feed under such a name (test_adding_a_feed.py), and which names are refused (test_skeleton.py).
"""

from pathlib import Path

from vsf_assets.common.errors import UsageError
from vsf_assets.devtools.feed_skeleton import write_skeleton

ORDERS = ("order", "crate", "medal", "novel", "piano")
VISITS = ("visit", "tower", "guest", "pilot", "pupil")
"""Names for one row of the page's feed, and of a second one: the first that is free is used. All have five letters, so
that generated lines break where the page's do."""


def free_name(names: tuple[str, ...], folder: Path) -> str:
    """Return the first name whose feed the skeleton accepts beside those of the project."""
    for name in names:
        try:
            write_skeleton(f"{name}s", "csv-daily", folder / name)
        except UsageError:
            continue
        return name
    raise AssertionError(f"the project has feeds of all these names: {names}")
