"""The log of a run: progress lines for people, and a JSON Lines file.

Here: the one way to tell progress. Not here: Dagster's event log (it gets the same lines).
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from vsf_assets.common.errors import VsfError, interruption
from vsf_assets.common.visible_text import visible
from vsf_assets.config.settings import Settings, fix_surroundings
from vsf_assets.storage.full_disk import DAGSTER_ROOM, FullDiskError, room_for

LOGGER = "vsf"


class _RunFile(logging.FileHandler):
    """The file of a run; what cannot be written ends the run instead of a traceback on standard error."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the name that logging calls
        with room_for("the log of the run", self.baseFilename):
            raise  # logging calls this while it handles the error

    def close(self) -> None:
        """Close the file, which writes what is still to be written."""
        with room_for("the log of the run", self.baseFilename):
            super().close()


class _JsonLines(logging.Formatter):
    """One JSON object per line: time (UTC), level, run, message."""

    def __init__(self, run_id: str):
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "run_id": self._run_id, "message": record.getMessage()}
        return json.dumps(line, ensure_ascii=False)


@contextmanager
def run_log(settings: Settings, run_id: str, also: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Yield a function that tells progress to the run's log file, to listeners, and to `also`.

    An error that an interrupt became inside a library is that interrupt again.
    """
    fix_surroundings()  # a step of a code server opens here, whatever was set since the server started
    settings.logs.mkdir(parents=True, exist_ok=True)
    handler = _RunFile(settings.logs / f"{run_id}.jsonl", encoding="utf-8")
    handler.setFormatter(_JsonLines(run_id))
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)

    def log(message: str) -> None:
        shown = visible(message)  # names of files and values are a stranger's, and people read this on a terminal
        logger.info(shown)
        also(shown)

    try:
        # What Dagster keeps of the run is written in here too, and SQLite has words of its own for a full disk.
        with room_for("Dagster's records", settings.dagster_home, DAGSTER_ROOM):
            yield log
    except FullDiskError:
        raise  # whoever started the run prints its line; the log has no room for it
    except BaseException as error:
        stopped = interruption(error)
        if stopped is not None:
            logger.info("interrupted")
            raise stopped from None
        for_people = {"for_people": isinstance(error, VsfError)}
        logger.error("%s: %s", type(error).__name__, visible(str(error)), extra=for_people)
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
