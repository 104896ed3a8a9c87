"""One part of the service as a process: its start, its output, its last sign of life and its end.

Here: what concerns a single process and its group. Not here: when to restart it (supervisor.py).
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from threading import Thread
from typing import IO

from vsf_assets.common.visible_text import visible
from vsf_assets.config.settings import base_folder
from vsf_assets.service.parts import Part

Say = Callable[[str, str], None]
"""Logs a line: (name of the part, text)."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RECORD = re.compile(r"^\d{4}-\d\d-\d\d [\d:,.]+(?: [+-]\d{4})? - [\w.]+ - (?P<level>[A-Z]+) - (?P<message>.*)$")
_LOGGED = ("Completed launch of run",)
"""Messages of level INFO that are worth a line; most others come with every look of every sensor."""


class WatchedPart:
    """A part and its current process, if it has one."""

    def __init__(self, part: Part, say: Say) -> None:
        self.part = part
        self.process: subprocess.Popen[bytes] | None = None
        self.last_sign = 0.0
        """Time (monotonic) of the last sign of life, or of the start."""
        self.has_answered = False
        self._say = say

    def start(self, pipe: int, environment: Mapping[str, str]) -> None:
        """Start a process; it ends by itself when the other end of `pipe` is closed."""
        self.last_sign = time.monotonic()
        self.has_answered = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vsf_assets.service.part_process", str(pipe), *self.part.command],
            cwd=base_folder(),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(pipe, *self.part.descriptors),
            process_group=0,  # Ctrl-C reaches the supervisor only, and an end reaches the children too
        )
        Thread(target=self._relay, args=(self.process.stdout,), daemon=True).start()

    def ask(self) -> None:
        """Ask the process for a sign of life and note the answer."""
        process = self.process
        if process is None:
            return
        now = time.monotonic()
        silence = self.part.silence()
        if process is not self.process:
            return  # replaced meanwhile: the answer was of the former one
        if silence is None:
            self.last_sign = max(self.last_sign, now)
        elif now - silence > self.last_sign:
            self.last_sign = now - silence
            self.has_answered = True

    def ended(self) -> str | None:
        """Return how the process ended by itself; None while it runs."""
        code = self.process.poll() if self.process else None
        if code is None:
            return None
        return f"it was killed by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit code {code}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def is_gone(self) -> bool:
        """Whether the process and its children have ended."""
        if self.process is None:
            return True
        self.process.poll()  # else an ended process stays in its group
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # macOS says this of a group that only holds ended processes
            return self.process.poll() is not None
        return False

    def _relay(self, output: IO[bytes]) -> None:
        """Log what the process prints: records of Dagster from level WARNING on, and every line that is no record."""
        is_logged = True
        for line in output:
            text = _COLOUR.sub("", line.decode("utf-8", "replace").rstrip())
            record = _RECORD.match(text)
            if record:
                is_logged = record["level"] not in ("DEBUG", "INFO") or record["message"].startswith(_LOGGED)
            if is_logged and text:
                self._say(self.part.name, visible(record["message"] if record else text))
