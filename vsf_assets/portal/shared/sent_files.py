"""Answers with a file from the disk, which the layer before Django sends.

Here: the answer of a view that has checked the rights. Not here: sending (fast/downloads.py).
"""

import os
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from vsf_assets.portal.fast.downloads import FILE_HEADER, SENDS_FILES, NamedFile


def send_file(
    request: HttpRequest, path: Path, name: str, content_type: str, *, remove_after: bool = False
) -> HttpResponseBase:
    """Return an answer that downloads a file.

    The layer before Django sends it, with ranges and an ETag of its time and size, unless the view sets another.
    Without that layer, as in tests, Django does.

    Args:
        request: the request, whose rights were checked.
        path: an absolute path that no part of the request went into unchecked.
        name: the file's name for the person who downloads it.
        content_type: the media type.
        remove_after: whether the file is made for this answer, and goes with it.

    Raises:
        OSError: the file cannot be opened; told here only without that layer, which answers 404.
    """
    if request.META.get(_IN_DJANGO):
        response: HttpResponseBase = HttpResponse(content_type=content_type)
        response[FILE_HEADER.decode()] = NamedFile(path, remove_after).header()
    else:
        opened = path.open("rb")
        if remove_after:
            path.unlink()
        response = FileResponse(opened, content_type=content_type)
        response["Content-Length"] = str(os.fstat(opened.fileno()).st_size)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


_IN_DJANGO = "HTTP_" + SENDS_FILES.decode().upper().replace("-", "_")
