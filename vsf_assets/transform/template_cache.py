"""Keeps the compiled templates of dbt in a file beside the parsed models, for the next process.

dbt renders models, tests and macros with Jinja, which first compiles each of them to Python: 220 templates, a third of
the time of a process's first build. Jinja's documented cache of compiled templates serves loaders of files only; dbt
compiles texts. Here: that cache. Not here: what dbt renders (dbt_private.py).
"""

import contextlib
import hashlib
import marshal
import os
import stat
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vsf_assets.common.atomic_files import atomic_write

FILE = "templates.code"
MOST = 2000
"""Templates that are kept; a project has some 400."""


class TemplateCache:
    """Compiled templates by the digest of their text, and of how it is compiled."""

    def __init__(self) -> None:
        self._codes: dict[bytes, Any] = {}
        self._file: Path | None = None
        self._is_changed = False

    def read(self, file: Path) -> None:
        """Use the templates of a file, which `write` adds to; one of another version or user counts as none."""
        if file == self._file and self._codes:
            return
        self._file, self._is_changed = file, False
        self._codes = _read(file) if _is_own(file) else {}

    def compiled(self, compile_text: Callable[[str], Any], text: str, kind: str) -> Any:
        """Return a compiled template, or compile it; `kind` names what compiles it."""
        key = hashlib.sha256(f"{kind} {text}".encode()).digest()
        code = self._codes.get(key)
        if code is None:
            code = compile_text(text)
            if self._file is not None and len(self._codes) < MOST:
                self._codes[key], self._is_changed = code, True
        return code

    def write(self) -> None:
        """Write the file, if there are new templates; without it the next process compiles them again."""
        if self._is_changed and self._file is not None:
            self._is_changed = False
            with contextlib.suppress(OSError):
                atomic_write(self._file, marshal.dumps((_versions(), self._codes)), mode=0o600)


def _versions() -> str:
    return f"{sys.version} jinja2 {version('jinja2')} dbt-common {version('dbt-common')}"


def _is_own(file: Path) -> bool:
    """Whether a file is one that nobody else could have written: it holds code that is executed."""
    try:
        found = file.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read(file: Path) -> dict[bytes, Any]:
    try:
        versions, codes = marshal.loads(file.read_bytes())  # noqa: S302 - our own file, see `_is_own`
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return dict(codes) if versions == _versions() else {}
