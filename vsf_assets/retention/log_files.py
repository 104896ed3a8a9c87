"""Removes old log files.

Here: the files of $VSF_HOME/logs, by the time of their last line. Not here: writing them (pipeline/run_log.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISREG

_ENDINGS = (".jsonl", ".log")


def remove_old_logs(
    folder: Path, days: float, now: datetime, log: Callable[[str], None], dry_run: bool = False
) -> list[int]:
    """Remove log files whose last line is older than `days`; return their sizes in bytes.

    Args:
        folder: the folder of log files; it may not exist.
        days: age in days.
        now: the time, UTC.
        log: receives a warning for each file that cannot be removed.
        dry_run: whether to remove nothing, and return what would be removed.
    """
    oldest = (now - timedelta(days=days)).timestamp()
    sizes = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            status = path.lstat()
            if not S_ISREG(status.st_mode) or path.suffix not in _ENDINGS or status.st_mtime >= oldest:
                continue
            if not dry_run:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another process removed it
        except OSError as error:
            log(f"warning: the old log file {path} could not be removed: {error.strerror}; remove it by hand")
            continue
        sizes.append(status.st_size)
    return sizes
