"""SHA-256 in blocks: the same as of the whole, whatever the portions."""

import hashlib
import io
from pathlib import Path

import pytest

from vsf_assets.common.digests import BLOCK_BYTES, blocks_of, copy_hashed, sha256_of_file, sha256_of_stream, update

CONTENTS = [b"", b"abc", bytes(range(256)) * (BLOCK_BYTES // 256), b"x" * (2 * BLOCK_BYTES + 1)]


class Trickle(io.BytesIO):
    """A stream that gives less than is asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 1000))


def test_of_known_text() -> None:
    # NIST, FIPS 180-2, example B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of_stream(io.BytesIO(b"abc")) == expected


@pytest.mark.parametrize("content", CONTENTS, ids=len)
@pytest.mark.parametrize("kind", [io.BytesIO, Trickle])
def test_streams_files_and_copies_agree_with_the_whole(tmp_path: Path, content: bytes, kind: type[io.BytesIO]) -> None:
    expected, target = hashlib.sha256(content).hexdigest(), io.BytesIO()
    (tmp_path / "a").write_bytes(content)
    assert sha256_of_file(tmp_path / "a") == expected
    assert sha256_of_stream(kind(content)) == expected
    assert copy_hashed(blocks_of(kind(content)), target) == (expected, len(content))
    assert target.getvalue() == content


@pytest.mark.parametrize("most", [0, 1, 999, 1000, 2500, 10_000])
def test_a_beginning_is_hashed_and_the_rest_goes_on(most: int) -> None:
    content, digest = bytes(range(250)) * 20, hashlib.sha256()
    file = Trickle(content)
    assert update(digest, file, most) == min(most, 5000)
    assert digest.hexdigest() == hashlib.sha256(content[:most]).hexdigest()
    assert update(digest, file) == max(0, 5000 - most)
    assert digest.hexdigest() == hashlib.sha256(content).hexdigest()
