"""The report of an ingest: what was stored, archived, left and failed.

Here: the report, and how failures become lines in it. Not here: ingest itself (session.py, loader.py).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vsf_assets.common.regular_files import NotRegularError
from vsf_assets.storage.base import is_about_one_file
from vsf_assets.storage.folder_listing import unreadable
from vsf_assets.storage.listing import LeftOut
from vsf_assets.storage.s3_client import ObjectStoreError
from vsf_assets.warehouse.input_and_result import ReadResult

if TYPE_CHECKING:
    from vsf_assets.warehouse.ledger import FileRow

    _Stored = tuple[ReadResult, FileRow]


@dataclass
class IngestReport:
    """The result of an ingest.

    Attributes:
        stored: written ledger rows, in the order of the files.
        left: (path, why) of files that a later run loads.
        failed: (path, why) of files that could not be read, or differ from the ledger.
        unreadable: path -> what to do, for the failed files that the platform is not permitted to read or move.
            Nothing is wrong with the run itself.
        left_out: what the newest listing of the landing zone left out.
    """

    stored: list["FileRow"] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def cannot_use(self, path: str, error: OSError, doing: str, is_own: bool = False) -> None:
        """Report a file that cannot be read or moved, or is no longer a file.

        Args:
            path: path of the file.
            error: the error.
            doing: the step that failed, e.g. `read`.
            is_own: whether only the platform writes at this place, so that the failure is the platform's.
        """
        if isinstance(error, NotRegularError):
            self.left.append((path, f"{error.strerror}; remove it, and let the sender put a file here"))
            return
        if isinstance(error, BlockingIOError):
            self.left.append((path, "another program holds it; it is loaded when that lets go"))
            return
        is_answer = isinstance(error, ObjectStoreError)  # its message is complete
        self.failed.append((path, str(error) if is_answer else f"cannot be {doing}: {error.strerror or error}"))
        if is_about_one_file(error) and not is_own:
            self.unreadable[path] = "" if is_answer else unreadable(path, error).advice

    def why_failed(self, path: str, why: str) -> str:
        """Return a failure as a sentence, with advice where there is one."""
        advice = self.unreadable.get(path)
        return f"{path}: {why}" + (f"; {advice}" if advice else "")

    @property
    def breaking(self) -> list[tuple[str, str]]:
        """Failures of the platform or its surroundings, not of one file: (path, why)."""
        return [(path, why) for path, why in self.failed if path not in self.unreadable]
