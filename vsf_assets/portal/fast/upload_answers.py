"""What a sender of bytes is answered if they are not accepted: why, and what to do.

Here: the problems. Not here: which of them it is (uploads.py).
"""

from vsf_assets.portal.fast.tickets import Ticket
from vsf_assets.portal.fast.upload_folder import UploadRecord
from vsf_assets.storage.full_disk import is_full
from vsf_assets.web.answers import HttpAnswer, problem


def broken(error: OSError) -> HttpAnswer:
    """Return the answer where the disk or the store does not take the file; what has arrived stays."""
    if is_full(error):
        detail = "the disk is full; what has arrived stays, so ask the operator to make room, and go on"
        return problem("no-room", 507, "There is no room for the file", detail, CLOSE, RETRY)
    detail = "the landing zone cannot be written to; what has arrived stays, so go on later, or ask the operator"
    return problem("not-available", 503, "The file cannot be stored at the moment", detail, CLOSE, RETRY)


def other_digest(ticket: Ticket, record: UploadRecord) -> str:
    """Return why a file with another digest than announced is refused."""
    return (
        f"{ticket.path} arrived with SHA-256 {record.sha256}, and {ticket.sha256} was announced; it was changed on its"
        " way or while it was sent: send it again as a new upload"
    )


def offset_header(offset: int) -> tuple[bytes, bytes]:
    """Return the header that says where an upload goes on."""
    return b"upload-offset", b"%d" % offset


def no_ticket(why: str) -> HttpAnswer:
    """Return the answer to a sender without a valid ticket."""
    detail = f"send the token of the upload in the header X-Vsf-Upload-Token ({why}); POST /api/v1/uploads gives one"
    return problem("upload-token", 401, "The token of the upload is needed", detail, CLOSE)


def bad_header(why: str) -> HttpAnswer:
    """Return the answer to a header that is not understood."""
    return problem("wrong-header", 400, "A header is not understood", why, CLOSE)


def wrong_offset(offset: int) -> HttpAnswer:
    """Return the answer to bytes that begin elsewhere than where the part ends."""
    detail = f"the upload goes on at byte {offset}; send the rest with the header Upload-Offset: {offset}"
    return problem(
        "upload-offset", 409, "The bytes begin elsewhere", detail, CLOSE, offset_header(offset), offset=offset
    )


def too_long(ticket: Ticket) -> HttpAnswer:
    """Return the answer to more bytes than announced."""
    detail = (
        f"{ticket.size} bytes were announced, and more are sent; the file may have grown: begin a new upload with its"
        " size of now. Nothing landed"
    )
    return problem("upload-longer", 413, "The file is longer than announced", detail, CLOSE)


def incomplete(offset: int, ticket: Ticket) -> HttpAnswer:
    """Return the answer to a request that ended before the file did."""
    detail = (
        f"{ticket.size} bytes were announced, and {offset} have arrived; send the rest with the header"
        f" Upload-Offset: {offset}, or begin a new upload if the file is shorter now. Nothing landed"
    )
    return problem("upload-shorter", 400, "The file is not complete", detail, offset_header(offset), offset=offset)


JSON = (b"content-type", b"application/json")
CLOSE = (b"connection", b"close")
RETRY = (b"retry-after", b"10")
WRONG_METHOD = problem(
    "wrong-method",
    405,
    "This address takes bytes",
    "send them by PUT, and ask by HEAD how many have arrived",
    (b"allow", b"PUT, HEAD"),
)
BUSY = problem(
    "upload-busy",
    409,
    "Another connection sends this file",
    "wait until it has ended, then ask by HEAD how many bytes have arrived, and go on",
    CLOSE,
    (b"retry-after", b"2"),
)
TOO_SLOW = problem(
    "too-slow",
    408,
    "The bytes come too slowly",
    "what has arrived stays; ask by HEAD how much, and go on",
    CLOSE,
)
