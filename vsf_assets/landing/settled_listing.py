"""Lists the landing zone repeatedly until its files are settled.

Here: the files that may be loaded, and the entries that the newest listing left out. Not here: when a file is settled
(stability.py) and how a folder or a bucket is listed (storage/base.py).
"""

from dataclasses import dataclass, field

from vsf_assets.landing.multi_file_uploads import split_torn
from vsf_assets.storage.base import Store
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.listing import LeftOut


@dataclass
class Watched:
    """A landing zone that is listed repeatedly.

    Attributes:
        store: the landing zone.
        left_out: entries that the newest listing left out.
        waiting: (path, why) of files that wait because another file of their upload cannot be read.
    """

    store: Store
    left_out: list[LeftOut] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)

    def entries(self) -> list[Entry]:
        """List the files that may be loaded, sorted by path.

        Raises:
            OSError: the landing zone itself cannot be listed.
        """
        listing = self.store.listing()
        self.left_out = listing.left_out
        entries, self.waiting = split_torn(listing)
        return entries
