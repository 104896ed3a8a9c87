"""Gives complete uploads their names in the landing zone, never replacing a file.

Here: files that get their names together, refusals, and what a kill left between two steps. Not here: the two kinds of
landing zones (folder_names.py, bucket_names.py), and receiving bytes (receiving.py).

Under the lock of the folder of uploads: every record says *complete*, then every file gets its name, then every record
says *landed*. Whoever looks next goes on from any point at which a process was killed.
"""

import logging
import time
import uuid
from collections.abc import Callable, Collection
from typing import Protocol

from vsf_assets.common.ulids import ulid_of
from vsf_assets.config.settings import Settings
from vsf_assets.portal.fast.upload_folder import COMPLETE, LANDED, REFUSED, BusyError, UploadFolder, UploadRecord
from vsf_assets.storage.s3_client import is_address

MOST_LOGGED = 1000
"""Uploads that are remembered as logged."""

_log = logging.getLogger("vsf.portal.uploads")
_logged: set[uuid.UUID] = set()


class NamePlace(Protocol):
    """A landing zone in which names are given."""

    def prepare(self, record: UploadRecord) -> UploadRecord:
        """Do what takes long and gives no name; return the record, which may have changed. Without the lock."""

    def is_prepared(self, record: UploadRecord) -> bool:
        """Whether `give` needs no more than a moment."""

    def has_given(self, record: UploadRecord) -> bool:
        """Whether a complete upload got its name before a process was killed."""

    def is_taken(self, path: str) -> bool:
        """Whether a file of this name is pending."""

    def stamp(self, record: UploadRecord, now_ns: int) -> UploadRecord:
        """Set the modified time of a file that is about to get its name, and return its record with that time."""

    def give(self, record: UploadRecord) -> int | None:
        """Give a file its name; return its modified time in nanoseconds, None if the name is taken.

        Raises:
            OSError: the landing zone cannot be written to.
        """

    def discard(self, record: UploadRecord) -> None:
        """Remove the bytes of an upload that gets no name."""

    def take_back(self, record: UploadRecord) -> None:
        """Take a name away that was given a moment ago."""


WhyNot = Callable[[Collection[uuid.UUID]], str]
"""Takes the ids of uploads that get their names together; returns why they may not land any more, or an empty text."""


class LandingNames:
    """The names of a portal's landing zone.

    Args:
        settings: they name the landing zone.
        folder: where the uploads stand.
        why_not: asked before files get their names; None where they began a moment ago, in the same request.
    """

    def __init__(self, settings: Settings, folder: UploadFolder, why_not: WhyNot | None = None) -> None:
        self._folder, self._why_not = folder, why_not
        self._place = _place(settings, folder)

    def finish(self, record: UploadRecord) -> UploadRecord:
        """Store the record of an upload whose bytes are all there, and give it its name as soon as it may have one.

        Returns:
            The record as it is then: LANDED, REFUSED, or COMPLETE while others of its group are awaited.

        Raises:
            OSError: the landing zone cannot be written to; the record stays COMPLETE, and `finish` may be repeated.
        """
        with self._folder.naming():
            known = self._folder.record(record.id)
            if known is None:
                self._folder.write(record)
            elif known.state != COMPLETE:
                return known
            else:
                record = known
        return self.give(self._place.prepare(record))

    def give(self, record: UploadRecord) -> UploadRecord:
        """Give a complete upload its name, with all of its group or not at all; see `finish`."""
        why = self._why_not(record.group or (record.id,)) if self._why_not is not None else ""
        with self._folder.naming():
            group = [self._folder.record(member) for member in record.group or (record.id,)]
            known = [member for member in group if member is not None]
            refused = next((member for member in known if member.state == REFUSED), None)
            if refused is None and why and not any(self._is_named(member) for member in known):
                refused = record.refused(403, why)
            if refused is not None:
                self._refuse(refused, refused.status, refused.reason)
            elif len(known) == len(group):
                self._give(known)
            return self._folder.record(record.id) or record

    def _is_named(self, record: UploadRecord) -> bool:
        return record.state == LANDED or (record.state == COMPLETE and self._place.has_given(record))

    def _give(self, group: list[UploadRecord]) -> None:
        waiting = []
        for record in group:
            if record.state == COMPLETE and self._place.has_given(record):
                self._folder.write(record.landed(record.modified_ns))
            elif record.state == COMPLETE:
                waiting.append(record)
        if not all(self._place.is_prepared(record) for record in waiting):
            return
        taken = next((record for record in waiting if self._place.is_taken(record.path)), None)
        if taken is not None:
            self._refuse(taken, 409, pending(taken.path))
            return
        now_ns = time.time_ns()
        stamped = [self._place.stamp(record, now_ns) for record in waiting]
        for record in stamped:
            self._folder.write(record)
        self._name(stamped)

    def _name(self, group: list[UploadRecord]) -> None:
        given: list[UploadRecord] = []
        for record in group:
            modified_ns = self._place.give(record)
            if modified_ns is None:  # somebody else landed a file of this name since the look a moment ago
                for other in given:
                    self._place.take_back(other)
                self._refuse(record, 409, pending(record.path))
                return
            given.append(record.landed(modified_ns))
        for record in given:
            self._folder.write(record)

    def cancel(self, record: UploadRecord) -> bool:
        """End an upload, and its group, before its file has a name; return whether it was in time.

        Args:
            record: a record of the state REFUSED, which stays as a mark, so that no further byte is accepted.
        """
        with self._folder.naming():
            known = self._folder.record(record.id)
            if known is not None and (known.state != COMPLETE or self._place.has_given(known)):
                return False
            self._folder.write(record)
            self._place.discard(known or record)
            self._refuse(record, record.status, record.reason)
        return True

    def forget(self, upload: uuid.UUID) -> bool:
        """Remove an upload whose time is over, unless its file has a name or it was refused; return whether it did.

        Raises:
            OSError: the landing zone does not tell whether the file has its name.
        """
        with self._folder.naming():
            known = self._folder.record(upload)
            if known is not None:
                if known.state != COMPLETE or self._place.has_given(known):
                    return False
                self._place.discard(known)
            self._folder.remove(upload)
        return True

    def go_on(self, rested: float = 0.0) -> None:
        """Give names to all complete uploads that were left without one: by a kill, or by a store that was away.

        Args:
            rested: seconds for which nothing has touched their records; others are left to their requests.
        """
        for upload in self._folder.uploads():
            try:
                record = self._folder.record(upload)
                if record is not None and record.state == COMPLETE and self._folder.age(upload) >= rested:
                    self.finish(record)
            except BusyError:  # another process gives it its name
                continue
            except OSError as error:
                log_once(upload, error)

    def _refuse(self, record: UploadRecord, status: int, reason: str) -> None:
        """Refuse the uploads of a group that have no name yet, also those whose bytes still arrive."""
        for member in record.group or (record.id,):
            known = self._folder.record(member)
            why = reason if member == record.id else f"another file of the same delivery was not accepted: {reason}"
            if known is None:
                known = UploadRecord(member, COMPLETE, "", 0, "", 0, record.expires, record.group)
            if known.state == COMPLETE:
                self._folder.write(known.refused(status, why))
                self._place.discard(known)


def log_once(upload: uuid.UUID, error: OSError) -> None:
    """Log why an upload gets no name now, once per process and upload: it is tried again every few seconds."""
    if upload in _logged:
        return
    if len(_logged) >= MOST_LOGGED:
        _logged.clear()
    _logged.add(upload)
    _log.error("the upload %s gets no name now; it is tried again", ulid_of(upload), exc_info=error)


def pending(path: str) -> str:
    """Return why a file gets no name, and what to do."""
    return f"{path} is pending already and is never replaced; wait until it is loaded, or send it under another name"


def _place(settings: Settings, folder: UploadFolder) -> NamePlace:
    if is_address(settings.landing):
        from vsf_assets.portal.fast.bucket_names import BucketNames

        return BucketNames(settings.landing, folder)
    from vsf_assets.portal.fast.folder_names import FolderNames

    return FolderNames(settings.landing, folder)
