"""Names of files that a reader asks for, and the file of a data point report.

Here: the check of a name, and writing the report of one answer. Not here: the report (reports/datapoints.py).
"""

import re
from pathlib import Path, PurePosixPath

from vsf_assets.common.errors import UsageError
from vsf_assets.common.visible_text import visible
from vsf_assets.portal.datasets.findings import SECONDS, new_file
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.reports.datapoints import count_datapoints, write_datapoints
from vsf_assets.reports.dataset_rows import DatasetRows
from vsf_assets.reports.output_files import check_name
from vsf_assets.snapshots.pool import OpenSnapshot

ENDING = ".json"

_UNFIT = re.compile(r'[<>:"/\\|?*]')
"""Characters that a file's name cannot have on every system."""


def default_name(dataset: str) -> str:
    """Return the name that a report has unless another is given."""
    kept = _UNFIT.sub("_", visible(dataset)).strip(" .") or "dataset"
    return f"{kept}_datapoints{ENDING}"


def checked_report_name(text: str) -> str:
    """Return the name of a file for a report; `.json` is added if it has no ending.

    Raises:
        WrongParameterError: it is empty, too long, has another ending, or cannot be the name of a file.
    """
    name = text.strip()
    if not name:
        raise WrongParameterError("give the file a name")
    if visible(name) != name or _UNFIT.search(name):
        raise WrongParameterError(
            'the file name holds a character that names of files cannot have, such as / \\ : * ? "'
        )
    name += "" if PurePosixPath(name).suffix else ENDING
    try:
        check_name(Path("/nowhere") / name, [ENDING])
    except UsageError as error:
        raise WrongParameterError(str(error).replace("/nowhere/", "")) from None
    return name


def datapoints_file(snapshot: OpenSnapshot, selection: DatasetRows) -> Path | None:
    """Return a new file with the data points of a selection, as `vsf report datapoints` writes it; None without any.

    Who sends it removes it.

    Raises:
        UsageError: there is no such dataset or version.
        QueryTooLargeError, TooManyQueriesError: the limits of queries.
    """
    path = new_file(snapshot, "json")
    try:
        with snapshot.cursor(SECONDS, is_export=True) as cursor:
            if not count_datapoints(cursor, selection):
                return None
            with path.open("x", encoding="utf-8", newline="") as file:
                write_datapoints(cursor, selection, file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
