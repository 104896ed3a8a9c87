"""The address at which the bytes of an upload are received.

Here: its form, which belongs to this layer in this spelling alone. Not here: what it answers (uploads.py).
"""

import re
import uuid

from vsf_assets.common.ulids import ulid_of, uuid_of

_ADDRESS = re.compile(rb"/api/v1/uploads/([0-7][0-9A-HJKMNP-TV-Z]{25})/content")


def content_address(upload: uuid.UUID) -> str:
    """Return the address of an upload's bytes."""
    return f"/api/v1/uploads/{ulid_of(upload)}/content"


def upload_of_address(raw_path: bytes) -> uuid.UUID | None:
    """Return the upload of a request's path; None if the path is another one, in any spelling."""
    found = _ADDRESS.fullmatch(raw_path)
    return uuid_of(found[1].decode("ascii")) if found else None
