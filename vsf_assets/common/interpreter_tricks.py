"""Tricks with the Python interpreter: hides modules from imports, pauses garbage collection.

Here: every use of `sys.modules` and of `gc` in the package. Not here: what is private to a library (`*_private.py` in
the room that uses it). Each function says why it is there and what it gains; `RECHECK` says what to look at with
another Python.
"""

import gc
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

CHECKED = {"python": ("3.11", "3.12", "3.13")}
"""What these tricks were checked with; a test fails with another one."""

RECHECK = (
    "that `None` in `sys.modules` still makes an import raise ModuleNotFoundError without a search, and that"
    " `gc.freeze` still takes what lives out of later collections; both are documented"
)


@contextmanager
def hidden_modules(names: Collection[str]) -> Iterator[None]:
    """Let imports of some modules fail at once while the block lasts, where they are not imported already.

    For libraries that try an import again and again, or that get on without a slow one. The gain stands where it is
    used. It holds for all threads, so nothing that needs the modules may be imported meanwhile.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent, cast(ModuleType, None)))
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


@contextmanager
def gc_paused() -> Iterator[None]:
    """Look for no garbage while thousands of objects are made, all alive.

    The collector walks them, and everything else that lives, again and again and finds nothing: 20,000 JSON records
    take 95 ms with it and 13 ms without, where Dagster is loaded.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def garbage_left_to_exit() -> Iterator[None]:
    """Look for no garbage in a block that is nearly all a process does.

    With thousands of modules loaded, walking them costs a run of one small file, with its build, 0.7 s of 10.9 s.
    """
    gc.disable()
    try:
        yield
    finally:
        # What lives now lives to the end of the process; the end would look through all of it again.
        gc.freeze()
        gc.enable()
