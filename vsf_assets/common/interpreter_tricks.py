"""Tricks with the Python interpreter: hides or leaves out modules, pauses garbage collection, keeps Ctrl-C prompt.

Here: every use of `sys.modules`, of `sys.meta_path` and of `gc` in the package. Not here: private behaviour of a
library (`*_private.py` in the room that uses it). Each function states its reason and its measured gain; `RECHECK`
lists what to check with another version of Python.
"""

import gc
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any, cast

CHECKED = {"python": ("3.11", "3.12", "3.13")}
"""The versions that these tricks were checked with; a test fails with another one."""

RECHECK = (
    "that `None` in `sys.modules` still makes an import raise ModuleNotFoundError without a search, and that"
    " `gc.freeze` still takes what lives out of later collections; both are documented"
)


@contextmanager
def hidden_modules(names: Collection[str]) -> Iterator[None]:
    """Make imports of some modules fail at once inside the block, if they are not imported yet.

    For libraries that retry a failing import again and again, or that work without a slow module. The callers state
    the gain. It affects all threads, so no code that needs these modules may be imported inside the block.
    """
    absent = hide_modules(names)
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


def hide_modules(names: Collection[str]) -> list[str]:
    """Make imports of some modules fail at once from now on, if they are not imported yet; return those."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent, cast(ModuleType, None)))
    return absent


@contextmanager
def left_out_modules(names: Collection[str]) -> Iterator[None]:
    """Replace some modules, and all within them, by empty ones for the imports inside the block.

    For parts of a library that it imports at once and this program never uses. Every name can be imported from an empty
    module; it is a class, and making an object of it fails. Outside of the block the modules are imported as ever; who
    imported names inside keeps the empty ones. The callers state the gain. It affects all threads, as above.
    """
    finder = _EmptyFinder([name for name in names if name not in sys.modules])
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name, module in list(sys.modules.items()):
            if isinstance(module, _EmptyModule):
                del sys.modules[name]


class _EmptyModule(ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []  # so that it may have modules within

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (_LeftOut,), {"module": self.__name__})


class _LeftOut:
    module = ""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise ImportError(f"{self.module} is left out of this process, which does not use it")


class _EmptyFinder:
    """Finds some modules, and all within them, empty."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        if any(name == left_out or name.startswith(f"{left_out}.") for left_out in self._names):
            return ModuleSpec(name, cast(Any, self))
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module empty."""


def is_imported(name: str) -> bool:
    """Whether this process has imported a module: then nothing is gained by importing it elsewhere."""
    return name in sys.modules


def files_of_imported(package: str) -> list[str]:
    """Return the files of the modules of a package that this process has imported.

    A process that waits for a run compares their times, so that a run never executes code that was changed since.
    """
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == package]
    return [file for module in modules if (file := getattr(module, "__file__", None))]


def keep_waits_interruptible() -> None:
    """Let Ctrl-C end the waits of the main thread at once, also after this process imports polars. Idempotent.

    At its import polars puts a handler of its own before Python's for SIGINT, with SA_RESTART. Then the system goes on
    with a wait that a signal interrupts, and Python raises KeyboardInterrupt when the wait is over, which may be never:
    a read of a socket, a wait for a thread, a lock or a child. Both handlers stay, without SA_RESTART.
    """
    if is_imported("polars"):
        _end_waits_by_interrupts()
    elif not any(isinstance(finder, _PolarsFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PolarsFinder())


class _PolarsFinder:
    """Finds polars as ever, and takes SA_RESTART away after its import."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != "polars":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _PolarsLoader(name, spec.origin)
        return spec


class _PolarsLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        _end_waits_by_interrupts()


def _end_waits_by_interrupts() -> None:
    signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - it takes no names


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector while thousands of objects are created that all stay alive.

    The collector would scan them, and all other live objects, repeatedly without freeing any: with Dagster loaded,
    parsing 20,000 JSON records takes 95 ms with the collector and 13 ms without.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def spare_the_living() -> None:
    """Take the objects that are alive out of later collections, in a process that answers requests.

    A full collection scans the modules, all of which stay, while requests wait: 2 ms in a banner worker.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def garbage_left_to_exit() -> Iterator[None]:
    """Pause the garbage collector in a block that covers nearly the whole life of a process.

    With thousands of modules loaded, the collector costs 0.7 s of the 10.9 s that a run of one small file with its
    build takes.
    """
    gc.disable()
    try:
        yield
    finally:
        # The objects that are alive now live until the process ends; the collection at exit would scan them again.
        gc.freeze()
        gc.enable()
