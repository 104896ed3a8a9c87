"""The log of a run: progress lines for users, and a JSON Lines file.

Here: the one function through which a run reports progress. Not here: Dagster's event log (it receives the same lines),
and the failed checks in the file (recorded_run.py).
"""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from vsf_assets.common.errors import VsfError, interruption
from vsf_assets.common.visible_text import visible
from vsf_assets.config.settings import Settings, fix_surroundings
from vsf_assets.storage.full_disk import DAGSTER_ROOM, FullDiskError, room_for

LOGGER = "vsf"


class _RunFile(logging.FileHandler):
    """The log file of a run; a failed write ends the run, and prints no traceback on standard error."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the name that logging calls
        with room_for("the log of the run", self.baseFilename):
            raise  # logging calls this while it handles the error

    def close(self) -> None:
        """Close the file, which writes its buffer."""
        with room_for("the log of the run", self.baseFilename):
            super().close()


class _JsonLines(logging.Formatter):
    """One JSON object per line: time (UTC), level, run, message; of a failure also `rows` or `traceback`."""

    def __init__(self, run_id: str):
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "at": at,
            "level": record.levelname.lower(),
            "run_id": self._run_id,
            "message": record.getMessage(),
        }
        line |= {name: found for name in ("rows", "traceback") if (found := getattr(record, name, None))}
        return json.dumps(line, ensure_ascii=False)


@contextmanager
def run_log(settings: Settings, run_id: str, also: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Yield a function that sends progress messages to the run's log file, to log handlers, and to `also`.

    If a library turned an interrupt into an error of its own, the interrupt is raised again.
    """
    fix_surroundings()  # a step of a code server begins here; variables may have been set since the server started
    settings.logs.mkdir(parents=True, exist_ok=True)
    handler = _RunFile(settings.logs / f"{run_id}.jsonl", encoding="utf-8")
    handler.setFormatter(_JsonLines(run_id))
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)

    def log(message: str) -> None:
        shown = visible(message)  # senders choose file names and values, and a terminal interprets control characters
        logger.info(shown)
        also(shown)

    try:
        # Dagster's records of the run are written inside this block too, and SQLite has its own error for a full disk.
        with room_for("Dagster's records", settings.dagster_home, DAGSTER_ROOM):
            yield log
    except FullDiskError:
        raise  # the caller prints the message; the disk of the log is full
    except BaseException as error:
        stopped = interruption(error)
        if stopped is not None:
            logger.info("interrupted")
            raise stopped from None
        extra: dict[str, Any] = {"for_people": isinstance(error, VsfError)}
        if not isinstance(error, VsfError | GeneratorExit):  # those are complete in one line
            extra["traceback"] = visible("".join(traceback.format_exception(error)), keep="\n").splitlines()
        logger.error("%s: %s", type(error).__name__, visible(str(error)), extra=extra)
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
