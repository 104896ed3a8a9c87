"""Which file an account asks by free SQL: the snapshot itself, its masked copy, or none.

Here: the one decision, for the SQL page, saved questions and the API. Not here: the process that runs the SQL
(portal/sql), and making masked copies (masking/).

SQL reads every table of a file, so no function can stand between. Who may read and export every feed and see personal
data asks the snapshot. Who may not see personal data asks the masked copy, where VSF_PORTAL_MASKED=yes has copies made.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from vsf_assets.common.errors import VsfError
from vsf_assets.masking.masked_snapshots import PLAIN, mark_of, masked_snapshots
from vsf_assets.masking.plain_copies import plain_snapshots
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.shared.request_errors import MayNotAskError, SnapshotGoneError
from vsf_assets.snapshots.current import Snapshot, published_snapshots
from vsf_assets.snapshots.host_copy import lent_copy
from vsf_assets.snapshots.open_snapshot import COPIES
from vsf_assets.snapshots.pool import NoSnapshotError, NothingPublishedError
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot

_log = logging.getLogger("vsf.portal.sql")

WHO = (
    "SQL reads every row of the snapshot, so it needs an account of the team platform that may export (analyst,"
    " engineer or admin) and see personal data; a token needs the scopes read, export and personal"
)
WHO_SEES = (
    "the answer to a question may come from every row of the snapshot, so it is shown to accounts that may read every"
    " feed, as members of the team platform, and see personal data"
)
WHO_WITH_MASKED = (
    "SQL reads every table of a snapshot, so it needs an account of the team platform that may export (analyst,"
    " engineer or admin); a token needs the scopes read and export, and personal for the snapshot that is not masked"
)
NO_MASKED = (
    " (without personal data, SQL asks masked copies of snapshots, and none are made here: the operator sets"
    " VSF_PORTAL_MASKED=yes)"
)


@dataclass(frozen=True)
class QueriedSnapshot:
    """The file that an account asks.

    Attributes:
        number: of the snapshot.
        file: the file, or a block that fetches it from its bucket; see `SqlRunner.run`.
        is_masked: whether pseudonyms stand in place of personal values.
        newest: number of the current snapshot, which may have no such copy yet.
        is_copy: whether it is a copy, which is made a while after its snapshot was published.
        made: tells the file from another one with this number, which there may be after a restore: its time and size.
            Empty in a bucket, whose objects are never replaced.
    """

    number: int
    file: Path | AbstractContextManager[Path]
    is_masked: bool
    newest: int
    made: str = ""
    is_copy: bool = False

    @property
    def note(self) -> str:
        """What to say about the answer; empty for nothing."""
        if not self.is_copy or self.number == self.newest:
            return ""
        copy = "masked copy" if self.is_masked else "copy for SQL"
        return f"this is snapshot {self.number}: the {copy} of snapshot {self.newest} is being made"


def why_not(access: Access, needs_export: bool = True) -> str:
    """Return why who has this access for reading may ask no SQL at all; empty if SQL may be asked.

    `needs_export` is false for the answers of queries that somebody else wrote, which ask for reading alone.
    """
    masked = settings.VSF_PORTAL.masked
    if not needs_export:
        return "" if access.reads_all_feeds and (access.may_see_personal or masked) else WHO_SEES
    if not (access.reads_all_feeds and access.for_export().reads_all_feeds):
        return WHO_WITH_MASKED if masked else WHO
    return "" if access.may_see_personal or masked else WHO + NO_MASKED


def queried_snapshot(access: Access, wanted: int | None = None, needs_export: bool = True) -> QueriedSnapshot:
    """Return the file that may be asked.

    Args:
        access: for reading, of the account or the token.
        wanted: number of a snapshot; None for the newest that may be asked.
        needs_export: see `why_not`.

    Raises:
        MayNotAskError: SQL needs other rights, or a masked copy where none are made.
        SnapshotGoneError: the snapshot of this number is not there any more, or has no masked copy.
        NoSnapshotError: nothing was published, its masked copy is being made, or the bucket does not answer.
    """
    if reason := why_not(access, needs_export):
        raise MayNotAskError(reason)
    is_masked = not access.may_see_personal
    try:
        published = published_snapshots(settings.VSF)
        mark = mark_of(settings.VSF_PSEUDONYM_KEY)
        may_ask = (
            masked_snapshots(settings.VSF, mark, published) if is_masked else plain_snapshots(settings.VSF, published)
        )
    except (OSError, VsfError) as error:
        raise _unavailable(error) from error
    if not published:
        raise NothingPublishedError
    newest = max(published)
    number = max(may_ask, default=newest) if wanted is None else wanted
    if number not in may_ask:
        _refuse(number, newest, published, may_ask, is_masked)
    snapshot = may_ask[number]
    is_copy = is_masked or snapshot != published[number]
    copies = "masked" if is_masked else PLAIN if is_copy else ""
    file = _fetched(snapshot, number == max(may_ask), copies) if isinstance(snapshot, StoredSnapshot) else snapshot
    return QueriedSnapshot(number, file, is_masked, newest, _made(snapshot), is_copy)


def _made(snapshot: Snapshot) -> str:
    if isinstance(snapshot, StoredSnapshot):
        return ""
    try:
        found = snapshot.stat()
    except OSError as error:  # removed since it was listed
        raise _unavailable(error) from error
    return f"{found.st_mtime_ns} {found.st_size}"


def _refuse(
    number: int, newest: int, published: Mapping[int, Snapshot], may_ask: Mapping[int, Snapshot], is_masked: bool
) -> None:
    """Say why a snapshot cannot be asked, and which can."""
    if not is_masked and number not in published:
        raise SnapshotGoneError(f"snapshot {number} is not there; the current one is {newest}, ask that one")
    copy = "masked copy" if is_masked else "copy for SQL"
    others = f"ask snapshot {max(may_ask)}" if may_ask else "ask again in a minute"
    if number == newest:
        raise NoSnapshotError(f"the {copy} of snapshot {number} is being made; {others}")
    raise SnapshotGoneError(f"there is no {copy} of snapshot {number}; {others}")


@contextmanager
def _fetched(snapshot: StoredSnapshot, is_newest: bool, copies: str) -> Iterator[Path]:
    """Give a copy of a file for a block: of the current snapshot that which pages read, of another one its own.

    Args:
        snapshot: the file that is asked.
        is_newest: whether it is the newest of its kind.
        copies: folder for this kind of copy of a snapshot; empty for the snapshot itself.

    Raises:
        NoSnapshotError: it cannot be fetched.
    """
    folder = settings.VSF.home / "portal" / COPIES / copies
    with ExitStack() as stack:
        try:
            file = stack.enter_context(lent_copy(snapshot, folder if is_newest else folder / "earlier"))
        except (OSError, VsfError) as error:
            raise _unavailable(error) from error
        yield file


def _unavailable(error: Exception) -> NoSnapshotError:
    _log.error("SQL cannot read the snapshots: %s", error)
    return NoSnapshotError("the snapshot cannot be fetched at the moment; try again later")
