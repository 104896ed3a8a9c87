"""The dataset and the version that a request is about.

Here: finding both, and the rights of who asks. Not here: the rules (ownership.py), and pages and answers.
"""

from dataclasses import dataclass

from django.http import Http404, HttpRequest

from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.datasets.ownership import DatasetAccess, dataset_access
from vsf_assets.portal.datasets.versions import DatasetVersion, chosen_version, versions_of
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.snapshots.pool import NoSnapshotError, OpenSnapshot


@dataclass(frozen=True)
class FoundDataset:
    """A dataset that may be read, with one of its versions.

    Attributes:
        snapshot: where it stands.
        access: what who asks may do.
        name: its name.
        versions: all of its versions, the latest first.
        version: the one that is asked for.
    """

    snapshot: OpenSnapshot
    access: DatasetAccess
    name: str
    versions: list[DatasetVersion]
    version: DatasetVersion

    @property
    def may_change(self) -> bool:
        """Whether new versions may be delivered, and the dataset renamed and deleted."""
        return self.access.may_change(self.name)


def find_dataset(
    request: HttpRequest, rights: AccountRights, name: str, number: int | None = None, *, newest: bool = False
) -> FoundDataset:
    """Return a dataset and a version of it.

    Args:
        request: its snapshot is asked.
        rights: of who asks.
        name: of the dataset.
        number: of the version; None for the current one.
        newest: whether None means the newest one, complete or not.

    Raises:
        Http404: there is no such dataset or version, or it may not be read: all look the same.
    """
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    access = dataset_access(rights, snapshot)
    versions = versions_of(snapshot, name) if access.may_read(name) else []
    version = chosen_version(versions, number, newest=newest)
    if version is None:
        raise Http404
    return FoundDataset(snapshot, access, name, versions, version)


def snapshot_if_any(request: HttpRequest) -> OpenSnapshot | None:
    """Return the snapshot of a request; None if nothing was published yet."""
    try:
        found: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    except NoSnapshotError:
        return None
    return found


def read_number(text: str, what: str) -> int | None:
    """Return a number of the address; None for an empty text.

    Raises:
        WrongParameterError: it is no number.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise WrongParameterError(f"{what} is a number, such as 2")
    return int(text)
