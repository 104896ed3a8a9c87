"""Answers that a process keeps about a snapshot, which never changes: up to a number, and up to a size in memory.

Here: keeping, and dropping the oldest. Not here: what is asked (open_snapshot.py).
"""

import threading
from collections.abc import Hashable, Iterator
from typing import Any

KEPT_ANSWERS = 500
"""Answers of a snapshot that a process keeps."""

KEPT_BYTES = 24_000_000
"""Memory that they take together, as far as it is counted: an answer may hold long texts."""

_VALUE = 56
"""Bytes of a value beside its characters: Python's object and the place that refers to it."""

_NESTED = (list, tuple, bytes)


class KeptAnswers:
    """Answers by a key; the oldest is dropped first. Several threads may use it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, tuple[Any, int]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[Hashable]:
        """Go through the keys, the oldest first."""
        return iter(list(self._answers))

    @property
    def size(self) -> int:
        """Bytes that all answers take, as far as they are counted."""
        return self._bytes

    def get(self, key: Hashable) -> Any:
        """Return an answer; None if it is not kept."""
        found = self._answers.get(key)
        return None if found is None else found[0]

    def keep(self, key: Hashable, answer: Any) -> None:
        """Keep an answer, unless it alone is too large, and drop older ones that leave no room for it."""
        size = size_of(answer) + size_of(key)
        if size > KEPT_BYTES:
            return
        with self._lock:
            self._drop(key)
            while self._answers and (len(self._answers) >= KEPT_ANSWERS or self._bytes + size > KEPT_BYTES):
                self._drop(next(iter(self._answers)))
            self._answers[key] = (answer, size)
            self._bytes += size

    def _drop(self, key: Hashable) -> None:
        _, size = self._answers.pop(key, (None, 0))
        self._bytes -= size


def size_of(value: Any) -> int:
    """Return about how many bytes a value takes: texts, and rows in lists and tuples; others count as one value."""
    if type(value) in (list, tuple):
        simple = sum(len(one) for one in value if type(one) is str)
        return _VALUE * (len(value) + 1) + simple + sum(size_of(one) for one in value if type(one) in _NESTED)
    if isinstance(value, str | bytes):
        return _VALUE + len(value)
    rows = getattr(value, "rows", None)
    return _VALUE if rows is None else _VALUE + size_of(rows)
