"""Writes the bytes of an upload to its part: once, counted, hashed, and checked while they arrive.

Here: the part of one upload, opened and locked, from an offset to the end; called from threads, never from the event
loop. Not here: the requests (uploads.py), and giving the name (naming.py).
"""

import hashlib
import os
import stat
from collections.abc import Sequence

from vsf_assets.portal.fast.tickets import Ticket
from vsf_assets.portal.fast.unpacked_size import UnpackedSize
from vsf_assets.portal.fast.upload_folder import COMPLETE, BusyError, UploadFolder, UploadRecord, lock

READ_AT_ONCE = 1 << 20
RESTORED_AT_ONCE = 32 << 20
"""Bytes of a part that one call of `restore` reads again."""


class WrongOffsetError(ValueError):
    """The bytes begin elsewhere than where the part ends; `offset` is its end."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload goes on at byte {offset}")
        self.offset = offset


class Receiver:
    """The part of an upload that is being written.

    Args:
        folder: the folder of uploads.
        ticket: what was allowed.
    """

    def __init__(self, folder: UploadFolder, ticket: Ticket) -> None:
        self._folder, self.ticket = folder, ticket
        self._descriptor = -1
        self.offset = 0
        self._hash = hashlib.sha256()
        self._unpacked = UnpackedSize(ticket.unpacked_max)

    def open(self, offset: int | None) -> None:
        """Open and lock the part, and create it if it is missing.

        Args:
            offset: where the bytes that come begin; None for a sender that begins anew.

        Raises:
            BusyError: another connection has it.
            WrongOffsetError: it ends elsewhere.
        """
        self._folder.make()
        self._descriptor = _opened(self._folder, self.ticket)
        try:
            lock(self._descriptor)
        except BusyError:
            self.close()
            raise
        size = os.fstat(self._descriptor).st_size
        if offset is None:
            os.ftruncate(self._descriptor, 0)
        elif offset != size:
            self.close()
            raise WrongOffsetError(size)
        self._end = offset or 0

    def restore(self) -> bool:
        """Read a piece of what the part holds already, for its hash; return whether more is to be read.

        Raises:
            UnpackedTooLargeError: see `write`.
        """
        until = min(self.offset + RESTORED_AT_ONCE, self._end)
        while self.offset < until:
            data = os.pread(self._descriptor, min(READ_AT_ONCE, until - self.offset), self.offset)
            if not data:
                raise OSError(f"the part of {self.ticket.path} became shorter")
            self._take(data)
        return self.offset < self._end

    def write(self, pieces: Sequence[bytes]) -> None:
        """Write further bytes.

        Raises:
            UnpackedTooLargeError: they unpack to too much; the upload is to be refused.
            OSError: the disk is full, or broken; what was written before stays.
        """
        for piece in pieces:
            view = memoryview(piece)
            done = 0
            while done < len(view):
                done += os.pwrite(self._descriptor, view[done:], self.offset + done)
            self._take(piece)

    def _take(self, data: bytes) -> None:
        self._hash.update(data)
        self.offset += len(data)
        self._unpacked.feed(data)

    def complete(self) -> UploadRecord:
        """Flush the part to the disk and return its record; the part has all its bytes."""
        os.fsync(self._descriptor)
        ticket = self.ticket
        return UploadRecord(
            ticket.id, COMPLETE, ticket.path, self.offset, self._hash.hexdigest(), 0, ticket.expires, ticket.group
        )

    def is_current(self) -> bool:
        """Whether the part is still the one that this process writes: it was not removed meanwhile."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._folder.part(self.ticket.id).stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Close the part, which gives its lock back; it stays for the next connection."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _opened(folder: UploadFolder, ticket: Ticket) -> int:
    """Open the part of an upload; a link or another kind of entry in its place is refused."""
    path = folder.part(ticket.id)
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is no file")
    return descriptor
