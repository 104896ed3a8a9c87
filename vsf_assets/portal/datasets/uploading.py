"""Uploads of a dataset: three files that get their names together.

Here: beginning one, also of small files that a plain form or one request of the API brings along. Not here: the checks
of every upload (deliveries/begin.py), and telling the files apart (file_kinds.py).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.datasets.change_requests import ChangeRefusedError, checked_dataset_name
from vsf_assets.portal.datasets.file_kinds import FEED, HEAD_BYTES, WrongFilesError, members, sorted_files
from vsf_assets.portal.datasets.ownership import team_for
from vsf_assets.portal.deliveries.begin import (
    AnnouncedFile,
    BegunUpload,
    Sender,
    UploadRefusedError,
    begin_together,
    ticket_of,
)
from vsf_assets.portal.deliveries.take_up import cancel, take_up
from vsf_assets.portal.fast.naming import LandingNames
from vsf_assets.portal.fast.receiving import Receiver
from vsf_assets.portal.fast.upload_folder import UploadFolder
from vsf_assets.snapshots.pool import OpenSnapshot


@dataclass(frozen=True)
class FileToSend:
    """A file as its sender announces it: its name there and its size in bytes."""

    name: str
    size: int


def check_sender(rights: AccountRights) -> None:
    """Check that an account may deliver datasets at all, before its files are looked at.

    Raises:
        UploadRefusedError: it may not.
    """
    if not any(team.may_deliver(FEED) for team in rights.teams):
        raise UploadRefusedError(
            403,
            "you may not deliver dictionaries; that takes the role steward in a team, and for other teams than"
            f" the platform's a grant to deliver {FEED}",
        )


def begin_dataset(
    account: User, rights: AccountRights, snapshot: OpenSnapshot | None, name: str, files: Mapping[str, FileToSend]
) -> list[BegunUpload]:
    """Begin the uploads of a version of a dataset.

    Args:
        account: who sends.
        rights: what that account, or its token, may do.
        snapshot: where renames by other ways than the portal stand.
        name: of the dataset.
        files: name in the landing zone, such as `columns.csv` -> the file.

    Raises:
        UploadRefusedError: the name, the files or the rights do not allow it; nothing begins.
    """
    check_sender(rights)
    try:
        name = checked_dataset_name(name)
    except ChangeRefusedError as error:
        raise UploadRefusedError(422, str(error)) from error
    if set(files) != set(members()):
        raise UploadRefusedError(422, f"a dataset is three files, one of each kind: {', '.join(members())}")
    team = team_for(rights, name, snapshot)
    announced = [
        AnnouncedFile(files[member].name, files[member].size, FEED, name, landing_name=member) for member in members()
    ]
    return begin_together(Sender(account, rights, team.team if team else None), announced)


def send_dataset(
    account: User,
    rights: AccountRights,
    snapshot: OpenSnapshot | None,
    name: str,
    files: Sequence[tuple[str, bytes]],
) -> uuid.UUID:
    """Deliver a version whose files, (name, content) each, are here already; return the id of the group.

    Raises:
        UploadRefusedError: the name, the files or the rights do not allow it; nothing is delivered.
    """
    check_sender(rights)
    try:
        places = sorted_files([(file_name, content[:HEAD_BYTES]) for file_name, content in files])
    except WrongFilesError as error:
        raise UploadRefusedError(422, str(error)) from error
    to_send = {kind: FileToSend(files[place][0], len(files[place][1])) for kind, place in places.items()}
    begun = begin_dataset(account, rights, snapshot, name, to_send)
    group = tuple(upload.delivery.id for upload in begun)
    try:
        for upload in begun:
            kind = upload.delivery.path.rpartition("/")[2]
            _receive(upload, files[places[kind]][1], group)
    except OSError as error:
        for upload in begun:
            cancel(upload.delivery, account.id)
        raise UploadRefusedError(507, f"the landing zone cannot be written to: {error.strerror}; try again") from error
    take_up(group)
    found: uuid.UUID = begun[0].delivery.group
    return found


def _receive(upload: BegunUpload, content: bytes, group: tuple[uuid.UUID, ...]) -> None:
    """Store the bytes of an upload as the fast layer does, and give it its name if the others have arrived."""
    folder = UploadFolder.of(settings.VSF)
    receiver = Receiver(folder, ticket_of(upload.delivery, group))
    try:
        receiver.open(None)
        receiver.write([content])
        record = receiver.complete()
    finally:
        receiver.close()
    LandingNames(settings.VSF, folder).finish(record)
