"""How the time of a piece of work is divided among its steps.

Here: a clock around functions, for as long as a block lasts. Not here: which functions are steps of what.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

Step = tuple[object, str, str]
"""Owner of a function, its name there, and the name of the step. A step inside of another one counts as its own."""


@contextmanager
def timed_steps(steps: Sequence[Step]) -> Iterator[dict[str, float]]:
    """Measure how long functions take while the block lasts; yield the seconds of each step so far."""
    spent: dict[str, float] = defaultdict(float)
    inner = [0.0]
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in steps]
    for (owner, name, original), (_, _, step) in zip(originals, steps, strict=True):
        setattr(owner, name, _measured(original, step, spent, inner))
    try:
        yield spent
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _measured(
    function: Callable[..., Any], step: str, spent: dict[str, float], inner: list[float]
) -> Callable[..., Any]:
    @wraps(function)
    def measured(*args: Any, **kwargs: Any) -> Any:
        inner.append(0.0)
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds = time.perf_counter() - start
            spent[step] += seconds - inner.pop()
            inner[-1] += seconds

    return measured
