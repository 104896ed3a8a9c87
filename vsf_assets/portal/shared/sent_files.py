"""Answers with a file, which the layer before Django sends.

Here: the answers of views that have checked the rights: a file of the disk, and one that is made while it is sent. Not
here: sending (fast/downloads.py, generation/streams.py).
"""

import os
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from vsf_assets.portal.fast.downloads import FILE_HEADER, SENDS_FILES, NamedFile
from vsf_assets.portal.generation.job import GenerationJob
from vsf_assets.portal.generation.streams import STREAM_HEADER, leave
from vsf_assets.portal.generation.worker_pool import worker_pool


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
    return _as_download(response, name)


def send_made(request: HttpRequest, job: GenerationJob, name: str, content_type: str) -> HttpResponseBase:
    """Return an answer that downloads a made-up file, which a process makes while it is sent.

    Args:
        request: the request, whose rights were checked.
        job: the question for the process; the file can be made.
        name: the file's name for the person who downloads it.
        content_type: the media type.
    """
    if request.META.get(_IN_DJANGO):
        response: HttpResponseBase = HttpResponse(content_type=content_type)
        response[STREAM_HEADER.decode()] = leave(job)
    else:
        response = StreamingHttpResponse(worker_pool().parts(job), content_type=content_type)
    response["Cache-Control"] = "no-store"
    return _as_download(response, name)


def _as_download(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


_IN_DJANGO = "HTTP_" + SENDS_FILES.decode().upper().replace("-", "_")
