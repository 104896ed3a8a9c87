"""The bytes of a delivery: gzip in every state, and the SHA-256 of what landed.

Here: byte_stream.FileStream. Not here: what becomes of an unreadable file (engine/test_broken_files.py).
"""

import gzip
import hashlib
import io

import pytest

from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError

TEXT = b"".join(b"%d,%d\n" % (i, i * i % 97) for i in range(400))
ZIPPED = gzip.compress(TEXT, mtime=0)
TWO_MEMBERS = gzip.compress(TEXT[:500], mtime=0) + gzip.compress(TEXT[500:], mtime=0)


def content(data: bytes, name: str = "x.csv.gz", size: int = 100) -> bytes:
    stream, parts = FileStream(io.BytesIO(data), name), []
    while part := stream.read(size):
        parts.append(part)
    assert stream.finish() == (hashlib.sha256(data).hexdigest(), len(data))
    return b"".join(parts)


def refusal(data: bytes, name: str = "x.csv.gz") -> str:
    stream = FileStream(io.BytesIO(data), name)
    with pytest.raises(UnreadableError) as caught:
        while stream.read(1 << 16):
            pass
    assert caught.value.anomaly == "unreadable_file"
    # What is left is still hashed: the ledger holds the digest of the whole file as it landed.
    assert stream.finish() == (hashlib.sha256(data).hexdigest(), len(data))
    return caught.value.reason


@pytest.mark.parametrize("name", ["x.csv.gz", "x.csv", "X.CSV.GZ"])
@pytest.mark.parametrize(
    "data", [ZIPPED, TWO_MEMBERS, ZIPPED + b"\0" * 512], ids=["one", "two members", "zero padding"]
)
def test_gzip_is_read_whatever_the_name(data: bytes, name: str) -> None:
    assert content(data, name) == TEXT


def test_read_gives_the_size_asked_for_across_members() -> None:
    stream = FileStream(io.BytesIO(TWO_MEMBERS), "x.gz")
    assert stream.read(700) == TEXT[:700]


def test_members_of_no_content_are_nothing() -> None:
    assert content(gzip.compress(b"") * 3 + ZIPPED) == TEXT
    assert content(gzip.compress(b"")) == b""


def test_plain_text_is_read_as_it_is() -> None:
    assert content(TEXT, "x.csv") == TEXT


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_file_of_no_bytes_is_empty_not_broken(name: str) -> None:
    assert content(b"", name) == b""


@pytest.mark.parametrize("cut", [*range(2, 24), len(ZIPPED) // 2, *range(len(ZIPPED) - 9, len(ZIPPED))])
def test_gzip_cut_anywhere_is_unreadable(cut: int) -> None:
    assert "deliver the file again" in refusal(ZIPPED[:cut])


@pytest.mark.parametrize("cut", [*range(2, 14), 100, -9, -8, -4, -1])
def test_gzip_cut_in_its_second_member_is_unreadable(cut: int) -> None:
    first, second = gzip.compress(TEXT, mtime=0), gzip.compress(TEXT, mtime=0)
    assert "deliver the file again" in refusal(first + second[:cut])


def test_truncation_is_named() -> None:
    assert "truncated" in refusal(ZIPPED[:-20])


@pytest.mark.parametrize(
    "at", [3, len(ZIPPED) // 2, -8, -5, -4, -1], ids=["flags", "data", "crc", "crc end", "size", "size end"]
)
def test_changed_byte_is_noticed(at: int) -> None:
    damaged = bytearray(ZIPPED)
    damaged[at] ^= 0xFF
    assert "deliver the file again" in refusal(bytes(damaged))


def test_garbage_behind_the_last_member_is_noticed() -> None:
    assert "deliver the file again" in refusal(ZIPPED + b"garbage")


@pytest.mark.parametrize("data", [TEXT, b"\x1f", b"PK\x03\x04"])
def test_name_that_promises_gzip_is_held_to_it(data: bytes) -> None:
    assert "is named .gz but is not gzip" in refusal(data)
