"""Begins uploads: who may deliver what, how much, and under which name.

Here: the checks before any byte is sent, each with what to do; the row of the delivery; its ticket. Not here: receiving
the bytes (fast/), and what becomes of the delivery then (take_up.py).

One file: `begin_upload(sender, AnnouncedFile(name, size))`. Files that get their names together, or none of them:
`begin_together(sender, files)`. The caller gives the client `BegunUpload.url` and `.token`.
"""

import re
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from vsf_assets.common.errors import UsageError
from vsf_assets.landing.delivery_path import PlacedFile, UnplacedFileError, place_file
from vsf_assets.landing.land_file import refuse_linked_folder
from vsf_assets.portal.accounts.models import Team, User
from vsf_assets.portal.accounts.rights import AccountRights, TeamRights
from vsf_assets.portal.audit.models import record
from vsf_assets.portal.deliveries.models import Delivery
from vsf_assets.portal.deliveries.partition_rules import PartitionRefusedError, check_partition, hold_partition
from vsf_assets.portal.fast.tickets import Ticket, TicketOffice
from vsf_assets.portal.fast.upload_address import content_address
from vsf_assets.portal.shared.random_ids import new_id
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.s3_client import is_address

LIFE = timedelta(hours=24)
"""Time in which the bytes of an upload are accepted, and the period of a quota."""

MOST_OPEN = 1000
"""Uploads of a team that may be open at a time."""

SPARE_BYTES = 100 * 10**6
"""Bytes of the disk that no upload may use up."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class UploadRefusedError(Exception):
    """An upload may not begin.

    Attributes:
        status: status of the answer: 403, 409, 413, 422, 429 or 507.
        detail: why, and what to do.
        members: further members of the problem, such as what is missing.
    """

    def __init__(self, status: int, detail: str, **members: Any):
        super().__init__(detail)
        self.status, self.detail, self.members = status, detail, members


@dataclass(frozen=True)
class Sender:
    """Who delivers.

    Attributes:
        account: the account.
        rights: what it may do; of a token, what the token may.
        team: the team for which it delivers; None to choose the first that may, the platform's before others.
    """

    account: User
    rights: AccountRights
    team: uuid.UUID | None = None


@dataclass(frozen=True)
class AnnouncedFile:
    """A file that is to be sent.

    Attributes:
        file_name: its name, as the sender has it.
        size: its size in bytes.
        feed, partition: what its name does not tell; empty otherwise.
        sha256: its SHA-256 in lower-case hexadecimal digits, to be compared at the end; empty if it is not known.
        mends: the delivery whose bad rows it brings mended; feed and partition are that one's, unless the name says so.
        landing_name: its name in the landing zone, if it is another one: of the files of a dataset.
        announcement: the sender's own id of its request; sent again, it gives the upload that it began.
    """

    file_name: str
    size: int
    feed: str = ""
    partition: str = ""
    sha256: str = ""
    mends: Delivery | None = None
    landing_name: str = ""
    announcement: uuid.UUID | None = None


@dataclass(frozen=True)
class BegunUpload:
    """An upload that waits for its bytes: its delivery, and the text of its ticket."""

    delivery: Delivery
    token: str

    @property
    def url(self) -> str:
        """Where the bytes are sent to, from the address of the portal on."""
        return content_address(self.delivery.id)


def begin_upload(sender: Sender, file: AnnouncedFile) -> BegunUpload:
    """Begin the upload of one file; see `begin_together` for the errors."""
    try:
        return _begun_before(sender, file) or _begin(sender, [file], is_group=False)[0]
    except IntegrityError:  # the same request, which was sent twice, was faster
        begun = _begun_before(sender, file)
        if begun is None:
            raise
        return begun


def _begun_before(sender: Sender, file: AnnouncedFile) -> BegunUpload | None:
    """Return the upload that the same request began, whose answer was lost; None if it is new.

    Raises:
        UploadRefusedError: the id was used for another file.
    """
    if file.announcement is None:
        return None
    found = Delivery.objects.filter(account=sender.account, announcement=file.announcement).first()
    if found is None:
        return None
    teams = {team.team for team in sender.rights.teams if team.may_deliver(found.feed)}
    is_same = (found.file_name, found.size, found.announced_sha256) == (file.file_name, file.size, file.sha256)
    if not is_same or found.team_id not in teams or found.path != _placed(file).path:
        raise UploadRefusedError(422, "Idempotency-Key was used for another upload; send a new one for each upload")
    return BegunUpload(found, _office().sign(ticket_of(found)))


def begin_together(sender: Sender, files: Sequence[AnnouncedFile]) -> list[BegunUpload]:
    """Begin the uploads of files that get their names together when the last of them is complete.

    Raises:
        UploadRefusedError: rights, names, sizes, a pending file, the quota or the disk do not allow it; none begins.
    """
    return _begin(sender, files, is_group=True)


def _begin(sender: Sender, files: Sequence[AnnouncedFile], is_group: bool) -> list[BegunUpload]:
    placed = [_placed(file) for file in files]
    team = _team_of(sender, [place.feed for place in placed])
    for file, place in zip(files, placed, strict=True):
        _check_file(file, place, team)
        _check_partition(place.feed, place.partition, team, check_partition)
    paths = [place.path for place in placed]
    _check_place(paths)
    _refuse_pending(paths)
    _check_disk(sum(file.size for file in files))
    expires = timezone.now() + LIFE
    group = new_id() if is_group else None
    deliveries = [
        Delivery(
            team_id=team.team,
            account=sender.account,
            feed=place.feed,
            partition=place.partition,
            file_name=file.file_name,
            path=place.path,
            size=file.size,
            announced_sha256=file.sha256,
            mends=file.mends,
            announcement=file.announcement,
            group=group,
            expires_at=expires,
        )
        for file, place in zip(files, placed, strict=True)
    ]
    _write(deliveries, team, sender)
    ids = tuple(delivery.id for delivery in deliveries) if is_group else ()
    return [BegunUpload(delivery, _office().sign(ticket_of(delivery, ids))) for delivery in deliveries]


def _placed(file: AnnouncedFile) -> PlacedFile:
    if file.mends is None:
        feed, partition = file.feed, file.partition
    else:
        feed, partition = file.feed or file.mends.feed, file.partition or file.mends.partition
    try:
        return place_file(file.file_name, feed, partition, file.landing_name)
    except UnplacedFileError as error:
        members = {"missing": error.missing, "choices": list(error.choices), "feed": error.feed}
        raise UploadRefusedError(422, str(error), **members) from error


def _team_of(sender: Sender, feeds: Sequence[str]) -> TeamRights:
    """Return the team for which files of some feeds are delivered."""
    teams = [found for found in sender.rights.teams if sender.team in (None, found.team)]
    fit = [found for found in teams if all(found.may_deliver(feed) for feed in feeds)]
    if fit:
        return max(fit, key=lambda found: found.is_platform)
    names = ", ".join(sorted(set(feeds)))
    if any(found.is_platform or found.delivers.issuperset(feeds) for found in teams):
        raise UploadRefusedError(
            403, "your role does not let you deliver files; ask an administrator of the team for the role steward"
        )
    raise UploadRefusedError(
        403,
        f"your team may not deliver files of {names}; ask an administrator of the platform for the grant"
        f" to deliver {names}",
    )


def _check_file(file: AnnouncedFile, place: PlacedFile, team: TeamRights) -> None:
    most = settings.VSF_PORTAL.upload_max
    if file.size < 0:
        raise UploadRefusedError(422, "the size of the file is negative; send its size in bytes")
    if file.size > most:
        raise UploadRefusedError(
            413,
            f"the file has {file.size:,} bytes, and at most {most:,} are accepted (VSF_PORTAL_UPLOAD_MAX); split it, or"
            " put it into the landing zone by `vsf land`",
        )
    if file.sha256 and not _SHA256.fullmatch(file.sha256):
        raise UploadRefusedError(
            422, "the SHA-256 is not 64 hexadecimal digits in lower case; correct it or leave it out"
        )
    if file.mends is not None and (file.mends.team_id != team.team or file.mends.feed != place.feed):
        raise UploadRefusedError(
            422, "a delivery mends one of the same team and feed; leave out which one it mends, or send the right file"
        )


def _check_partition(feed: str, partition: str, team: TeamRights, ask: Callable[[str, str, uuid.UUID], None]) -> None:
    try:
        ask(feed, partition, team.team)
    except PartitionRefusedError as error:
        raise UploadRefusedError(409, str(error)) from error


def _refuse_pending(paths: Sequence[str]) -> None:
    store = open_store(settings.VSF.landing)
    for path in paths:
        if store.stat(path) is not None:
            raise UploadRefusedError(
                409,
                f"{path} is pending already and is never replaced; wait until it is loaded, or rename the file",
                pending=path,
            )


def _check_place(paths: Sequence[str]) -> None:
    """Check that a part can become a file: a rename stays in one file system, and links are not followed."""
    if is_address(settings.VSF.landing):
        return
    landing = Path(settings.VSF.landing)
    for path in paths:
        try:
            refuse_linked_folder(landing, path)
        except UsageError as error:
            raise UploadRefusedError(409, str(error)) from error
        if _existing((landing / path).parent).stat().st_dev != _existing(landing).stat().st_dev:
            raise UploadRefusedError(
                409,
                f"the folder of {path} is on another disk than the landing folder, so nothing can be uploaded there;"
                " ask the operator to use `vsf land`",
            )


def _check_disk(size: int) -> None:
    free = shutil.disk_usage(_existing(parts_place())).free
    if free < size + SPARE_BYTES:
        raise UploadRefusedError(
            507, f"the disk has {free:,} bytes free, which is too little for the file; ask the operator to make room"
        )


def parts_place() -> Path:
    """Return the place where parts of uploads are kept: the landing folder, or the home for a bucket."""
    landing = settings.VSF.landing
    return settings.VSF.home / "portal" if is_address(landing) else Path(landing)


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.is_dir())


@transaction.atomic
def _write(deliveries: Sequence[Delivery], team: TeamRights, sender: Sender) -> None:
    """Store deliveries, unless the quota is used up or a partition was lost; starts in parallel wait for each other."""
    Team.objects.select_for_update().get(pk=team.team)  # SQLite's transactions begin with a lock anyway
    counted = Delivery.objects.filter(
        team=team.team,
        state__in=(Delivery.SENDING, Delivery.LANDED),
        created_at__gt=timezone.now() - LIFE,
    )
    used = counted.aggregate(total=Sum("size"))["total"] or 0
    wanted, quota = sum(delivery.size for delivery in deliveries), settings.VSF_PORTAL.quota
    if used + wanted > quota:
        raise UploadRefusedError(
            429,
            f"your team may deliver {quota:,} bytes in 24 hours (VSF_PORTAL_QUOTA), {used:,} of them are used, and this"
            f" needs {wanted:,}; cancel uploads that you do not need, or try again later",
            quota=quota,
            used=used,
        )
    if counted.filter(state=Delivery.SENDING).count() + len(deliveries) > MOST_OPEN:
        raise UploadRefusedError(429, f"your team has {MOST_OPEN} unfinished uploads; finish or cancel some of them")
    for delivery in deliveries:
        _check_partition(delivery.feed, delivery.partition, team, hold_partition)
        delivery.save(force_insert=True)
        record(
            "delivery.begun",
            sender.account.id,
            delivery.id,
            team.team,
            feed=delivery.feed,
            bytes=delivery.size,
            mends=str(delivery.mends_id) if delivery.mends_id else None,
        )


def ticket_of(delivery: Delivery, group: tuple[uuid.UUID, ...] = ()) -> Ticket:
    """Return what is allowed to the sender of a delivery's bytes."""
    return Ticket(
        delivery.id,
        delivery.path,
        delivery.size,
        delivery.announced_sha256,
        settings.VSF_PORTAL.unpacked_max,
        delivery.expires_at.timestamp(),
        group,
    )


def _office() -> TicketOffice:
    return _office_of(settings.VSF.keys)


@cache
def _office_of(keys: Path) -> TicketOffice:  # noqa: ARG001 - an office signs with the key of one folder
    return TicketOffice.of(settings.VSF)
