"""Pictures of banners: the file that the operator has put into the home, or a drawn one.

Here: which file belongs to a banner, reading it, and drawing. Not here: sending (app.py).
"""

import hashlib
import re
from pathlib import Path

from vsf_assets.common.regular_files import read_regular
from vsf_assets.web.answers import NO_SNIFFING, HttpAnswer

PATH = re.compile(rb"/banners/(?P<id>0|-?[1-9][0-9]{0,18})\.svg")
"""A picture's path: an id as the platform writes it."""

KINDS = {"svg": b"image/svg+xml", "png": b"image/png", "jpg": b"image/jpeg", "webp": b"image/webp", "gif": b"image/gif"}
"""Extension of a file -> its media type, in the order in which files are looked for."""

LARGEST = 4 << 20
"""Bytes; a larger file is not sent, and the picture is drawn."""

# A picture of the operator may hold anything: opened by itself, it runs no script and loads nothing.
_SAFE = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox")
_KEPT = (b"cache-control", b"public, max-age=300")
_FROM_ANYWHERE = (b"cross-origin-resource-policy", b"cross-origin")


def picture(banner: str, folder: Path, wanted: frozenset[str]) -> HttpAnswer:
    """Return the picture of a banner; 304 if its ETag is among `wanted`."""
    media, content = _file(banner, folder) or (KINDS["svg"], drawn(banner))
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = ((b"etag", etag.encode()), _KEPT, _FROM_ANYWHERE)
    if etag in wanted or "*" in wanted:
        return HttpAnswer(304, headers)
    return HttpAnswer(200, ((b"content-type", media), *headers, _SAFE, NO_SNIFFING), content)


def _file(banner: str, folder: Path) -> tuple[bytes, bytes] | None:
    """Return media type and content of a banner's file; None if it has none that can be sent."""
    for extension, media in KINDS.items():
        try:
            content = read_regular(folder / f"{banner}.{extension}", LARGEST + 1)
        except OSError:  # missing, or a folder or a pipe, or not readable
            continue
        if 0 < len(content) <= LARGEST:
            return media, content
    return None


def drawn(banner: str) -> bytes:
    """Return an SVG that shows the id of a banner; the same id has the same colours."""
    hue = int.from_bytes(hashlib.sha256(banner.encode()).digest()[:2]) % 360
    size = min(56, 480 // max(4, len(banner)))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 468 120" width="468" height="120" role="img"'
        f' aria-label="Banner {banner}"><title>Banner {banner}</title>'
        f'<rect width="468" height="120" rx="8" fill="hsl({hue} 45% 30%)"/>'
        f'<circle cx="60" cy="60" r="34" fill="hsl({(hue + 40) % 360} 60% 62%)"/>'
        f'<path d="M0 120 L160 40 L260 120 Z" fill="hsl({(hue + 320) % 360} 50% 42%)" fill-opacity="0.55"/>'
        f'<text x="264" y="60" fill="#fff" font-family="system-ui, sans-serif" font-weight="600" font-size="{size}"'
        f' text-anchor="middle" dominant-baseline="central">{banner}</text></svg>\n'
    ).encode()
