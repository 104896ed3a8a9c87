"""A sequential random number generator for the demo.

Here: Python's `random.Random` interface over the counter-based numbers (counter_prng.py). Not here: columns (columns/).
"""

import random
from collections.abc import Iterator

import numpy as np

from vsf_assets.synthetic.model.counter_prng import draws, key_of, rows_of

_AHEAD = 4096


class Chance(random.Random):
    """A random stream; `words` are its only seed."""

    def __init__(self, *words: str | int) -> None:
        self._bits = _stream(key_of(*words))
        super().__init__()

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return float((next(self._bits) >> 11) * 2.0**-53)

    def getrandbits(self, k: int) -> int:
        """Return a number of `k` bits."""
        found = 0
        for _ in range(-(-k // 64)):
            found = found << 64 | next(self._bits)
        return found >> (-k % 64)

    def seed(self, *_: object) -> None:
        """Do nothing: the words are the seed."""


def _stream(key: np.uint64) -> Iterator[int]:
    start = 0
    while True:
        yield from draws(key, rows_of(start, start + _AHEAD)).tolist()
        start += _AHEAD
