"""Counter-based random numbers: each depends only on a key and a row number.

Here: keys, draws (SplitMix64 of the row number), numbers below a bound, and permutations of an integer range in
constant memory (a Feistel network with cycle walking), for unique values. Not here: the values made of the numbers.
The reasons are in docs/decisions/0018-chance-by-key-and-row.md.
"""

import hashlib

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]

LARGEST_SPACE = 2**62
"""Size of the largest range that can be permuted; of a larger range only this part is used."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_BLOCK = 16_384
"""Count of numbers that are drawn at once, small enough for the processor's cache: with 65,536 a number takes three
times as long."""

_ROUNDS = 6
_HIGH_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def key_of(*words: str | int) -> np.uint64:
    """Return the key of a random stream; other words give an independent stream."""
    text = "\x1f".join(str(word) for word in words)
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))


def rows_of(start: int, stop: int) -> Numbers:
    """Return the row numbers in [`start`, `stop`)."""
    return np.arange(start, stop, dtype=np.uint64)


def _mixed(z: Numbers) -> Numbers:
    """Mix 64 bits (the finalizer of SplitMix64), in place."""
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def draws(key: np.uint64, rows: Numbers) -> Numbers:
    """Return 64 random bits for each row."""
    found = np.empty_like(rows)
    with np.errstate(over="ignore"):
        for start in range(0, rows.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            found[part] = _mixed((rows[part] + np.uint64(1)) * _STEP + key)
    return found


def lanes(key: np.uint64, rows: Numbers) -> npt.NDArray[np.uint16]:
    """Return four independent numbers below 65,536 for each row, as four columns."""
    return split(draws(key, rows))


def split(drawn: Numbers) -> npt.NDArray[np.uint16]:
    """Split each number into four parts of 16 bits, the lowest first; independent of the machine's byte order."""
    found: npt.NDArray[np.uint16] = drawn.astype("<u8", copy=False).view("<u2").reshape(-1, 4)
    return found


def below(drawn: Numbers, size: int) -> Numbers:
    """Return numbers in [0, `size`), each from 64 random bits; `size` is at most 2**64."""
    if size == 2**64:
        return drawn
    high = drawn >> _HIGH_BITS
    if size < 2**20:
        high *= np.uint64(size)
        high >>= _HIGH_BITS
        return high
    low = drawn & _LOW
    if size < 2**32:
        low *= np.uint64(size)
        low >>= _HIGH_BITS
        high *= np.uint64(size)
        high += low
        high >>= _HIGH_BITS
        return high
    size_high, size_low = np.uint64(size >> 32), np.uint64(size & 0xFFFFFFFF)
    middle = high * size_low + ((low * size_low) >> _HIGH_BITS)
    other = low * size_high + (middle & _LOW)
    found: Numbers = high * size_high + (middle >> _HIGH_BITS) + (other >> _HIGH_BITS)
    return found


def chances(key: np.uint64, rows: Numbers) -> npt.NDArray[np.float64]:
    """Return a number in [0, 1) for each row."""
    return (draws(key, rows) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def permuted(key: np.uint64, rows: Numbers, size: int) -> Numbers:
    """Permute numbers of a range: return a distinct number of the range for each number.

    Args:
        key: chooses the permutation.
        rows: numbers below `size`.
        size: size of the range, at most LARGEST_SPACE.
    """
    width = np.uint64(_ceiling_root(size))
    height = np.uint64(-(-size // int(width)))
    keys = [key_of(int(key), turn) for turn in range(_ROUNDS)]
    found = _scrambled(rows, width, height, keys)
    outside = np.flatnonzero(found >= size)
    while outside.size:
        found[outside] = _scrambled(found[outside], width, height, keys)
        outside = outside[found[outside] >= size]
    return found


def _scrambled(numbers: Numbers, width: np.uint64, height: np.uint64, keys: list[np.uint64]) -> Numbers:
    """Permute the numbers below width * height: each Feistel round shifts one half by a hash of the other half."""
    right, left = np.divmod(numbers, width)
    for turn, key in enumerate(keys):
        if turn % 2:
            right = (right + (draws(key, left) >> _HIGH_BITS)) % height
        else:
            left = (left + (draws(key, right) >> _HIGH_BITS)) % width
    return right * width + left


def _ceiling_root(size: int) -> int:
    root = int(np.floor(np.sqrt(size)))
    while root * root < size:
        root += 1
    return max(root, 1)
