"""Work grows with the bytes of a file, not with their square, and a description has a bound.

Here: inputs that once took a time out of proportion, at a size and at sixteen times of it. Not here: memory
(engine/test_memory.py).
"""

import gc
import gzip
import io
import random
import time
from collections.abc import Callable

import pytest

from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError
from vsf_assets.readers.common.decoding import read_all
from vsf_assets.readers.common.limits import DESCRIPTION_BYTES
from vsf_assets.readers.dispatch import portions

pytestmark = pytest.mark.slow

CLICKS = b"click_id,banner_id,campaign_id\n"
SONG = b'[{"type":"song","data":{"artist_name":"%b","title":"T","year":1,"release":"R"}}]'


def fields(names: range, repeats: int = 1) -> bytes:
    return b'[{"type":"song","data":{' + b",".join(b'"f%d":1' % (n // repeats) for n in names) + b"}}]"


BOMBS: dict[str, tuple[str, int, Callable[[int], bytes]]] = {
    "names of a header": ("clicks", 2_000, lambda n: b",".join(b"c%d" % i for i in range(n)) + b"\n"),
    "one name again and again": ("clicks", 20_000, lambda n: b"a," * n + b"\n"),
    "delimiters of a row": ("clicks", 200_000, lambda n: CLICKS + b"," * n + b"\n"),
    "blank lines": ("clicks", 200_000, lambda n: CLICKS + b"\n" * n),
    "quotes": ("clicks", 5_000, lambda n: CLICKS + b'"\n' * n),
    "quotes that never close": ("clicks", 5_000, lambda n: CLICKS + b'"x\n' * n),
    "escaped line ends": ("events", 50_000, lambda n: b"\\\n" * n),
    "unknown fields": ("catalog", 8_000, lambda n: fields(range(n))),
    "fields given twice": ("catalog", 8_000, lambda n: fields(range(n), 2)),
    "escaped quotes and colons": ("catalog", 20_000, lambda n: SONG % (b'\\":' * n)),
    "escapes": ("catalog", 100_000, lambda n: SONG % (b"\\n" * n)),
    "empty objects": ("catalog", 5_000, lambda n: b"[" + b"{}," * n + b"{}]"),
    "numbers": ("catalog", 5_000, lambda n: b"[" + b"1," * n + b"1]"),
    "digits": ("catalog", 500_000, lambda n: SONG.replace(b'"%b"', b"1" * n)),
    "open brackets": ("catalog", 100_000, lambda n: b"[" * n),
    "open braces": ("catalog", 100_000, lambda n: b'[{"a":' * n),
    "brackets in a schema": ("fake_schemas", 20_000, lambda n: b"[" * n),
    "braces in a schema": ("fake_schemas", 20_000, lambda n: b"{a: " * n),
    "columns of a schema": ("fake_schemas", 1_000, lambda n: columns(n)),
    "names of a list": ("catalog_list", 20_000, lambda n: b"a.data\n" * n),
}


def columns(number: int) -> bytes:
    """Return a schema of columns that each look for another one."""
    written = b",".join(b'{"name":"c%d","type":"Email"}' % n for n in range(number))
    return b'{"name":"n","columns":[' + written + b"]}"


def seconds_of(feed: str, data: bytes) -> float:
    """Return the processor seconds that reading a file takes, whatever comes of it.

    The garbage collector pauses: one collection walks over everything that the other tests of this process hold.
    """
    gc.disable()
    started = time.process_time()
    try:
        for _ in portions(FileStream(io.BytesIO(data), "x"), all_feeds()[feed]):
            pass
    except UnreadableError:
        pass  # most of these files are none
    finally:
        gc.enable()
    return time.process_time() - started


@pytest.mark.parametrize("name", BOMBS)
def test_work_grows_with_the_bytes_and_not_with_their_square(name: str) -> None:
    feed, size, make = BOMBS[name]
    seconds_of(feed, make(10))  # libraries are loaded
    once = min(seconds_of(feed, make(size)) for _ in range(2))
    # No limit of speed: work in proportion takes 16 times as long, the square 256 times, and a machine may pause.
    assert seconds_of(feed, make(16 * size)) < 64 * once + 1


class Counted(io.BytesIO):
    """A stream that counts the bytes that are read of it."""

    count = 0

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        read = super().readinto(buffer)
        self.count += read
        return read


@pytest.mark.parametrize("feed", ["fake_schemas", "fake_requests"])
def test_a_description_that_unpacks_to_too_much_is_left_after_its_bound(feed: str) -> None:
    packed = gzip.compress(b"#" + random.Random(7).randbytes(3_000_000).hex().encode(), 1)
    raw = Counted(packed)
    with pytest.raises(UnreadableError, match=r"more than 1,000,000 bytes \(unpacked\)"):
        list(portions(FileStream(raw, "a.schema.yaml"), all_feeds()[feed]))
    assert raw.count <= 2 << 20 < len(packed)


def test_a_file_has_a_bound_of_unpacked_bytes_and_a_plain_one_has_none() -> None:
    content = CLICKS + b"1,2,3\n" * 10_000
    for data, most in ((gzip.compress(content), len(content)), (content, 100)):
        (portion, *_) = portions(FileStream(io.BytesIO(data), "clicks_1.csv", most), all_feeds()["clicks"])
        assert portion.loaded == 10_000
    with pytest.raises(UnreadableError, match=r"unpacks to more than 60,030 bytes; .* VSF_FILE_UNPACKED_MAX"):
        list(
            portions(
                FileStream(io.BytesIO(gzip.compress(content)), "c.csv.gz", len(content) - 1), all_feeds()["clicks"]
            )
        )


def test_all_of_a_file_up_to_the_bound_is_read() -> None:
    assert read_all(io.BytesIO(b"x" * DESCRIPTION_BYTES)) == b"x" * DESCRIPTION_BYTES
    assert read_all(io.BytesIO(b"abc"), 3) == b"abc"
    with pytest.raises(UnreadableError, match="more than 3 bytes"):
        read_all(io.BytesIO(b"abcd"), 3)


def test_the_deepest_values_that_the_fast_parser_takes_are_judged() -> None:
    deep = b"[" * 900 + b'{"a":1}' + b"]" * 900
    data = SONG.replace(b'"%b"', deep)
    (portion,) = portions(FileStream(io.BytesIO(data), "x"), all_feeds()["catalog"])
    assert portion.findings.select("anomaly", "column_name").rows() == [("invalid_value", "artist_name")]
