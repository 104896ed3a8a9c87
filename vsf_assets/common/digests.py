"""Computes the SHA-256 of files and streams, block by block, also while they are copied.

Here: the loops. Not here: the expected digests (warehouse/ledger.py), and the stream that is hashed while it is
decompressed and parsed (readers/common/byte_stream.py): that one hashes each byte once, in the portions that the
reader requests.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

BLOCK_BYTES = 1 << 20


class Digest(Protocol):
    """A digest of hashlib that is being computed."""

    def update(self, block: bytes, /) -> None:
        """Add bytes to the digest."""


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the rest of an open file in blocks."""
    while block := file.read(BLOCK_BYTES):
        yield block


def sha256_of_stream(file: BinaryIO) -> str:
    """Return the SHA-256 of the rest of an open file, as hexadecimal digits."""
    digest = hashlib.sha256()
    update(digest, file)
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a local file, as hexadecimal digits."""
    with path.open("rb") as file:
        return sha256_of_stream(file)


def update(digest: Digest, file: BinaryIO, maximum: int | None = None) -> int:
    """Hash the rest of an open file, or its next `maximum` bytes; return the number of bytes."""
    count = 0
    while block := file.read(BLOCK_BYTES if maximum is None else min(BLOCK_BYTES, maximum - count)):
        digest.update(block)
        count += len(block)
    return count


def copy_hashed(blocks: Iterable[bytes], target: BinaryIO) -> tuple[str, int]:
    """Write blocks to an open file; return (SHA-256 as hexadecimal digits, number of bytes)."""
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size += target.write(block)
    return digest.hexdigest(), size
