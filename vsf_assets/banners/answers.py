"""The answers of the banner service beside the short way: JSON, HTML, lists, problems and cross-site headers.

Here: status, headers and bodies. Not here: which one is sent (app.py), and pictures (pictures.py).
"""

from collections.abc import Sequence

from vsf_assets.banners.options import WebOptions
from vsf_assets.banners.prepared import Banner, Slot
from vsf_assets.banners.requests import VISITOR_HEADER, Headers
from vsf_assets.banners.visitor_tokens import DAYS
from vsf_assets.web.answers import NO_SNIFFING, NO_STORE, HttpAnswer, problem

JSON = (b"content-type", b"application/json")
JSON_HEADERS = (JSON, NO_STORE)
METHODS = b"GET, HEAD, OPTIONS"

NOT_FOUND = problem("not-found", 404, "Not found", "There is nothing under this path.")
NO_CAMPAIGN = problem("unknown-campaign", 404, "Unknown campaign", "The current scores have no campaign of this id.")
NO_SCORES = problem(
    "no-scores",
    503,
    "No scores yet",
    "No snapshot with scores was published yet, or none could be read.",
    (b"retry-after", b"5"),
)
BAD_HOST = problem("bad-host", 400, "Bad request", "The request needs one well-formed Host header.")
BAD_COUNT = problem("bad-count", 400, "Bad request", "`count` is a whole number from 1 on.")
NOT_ALLOWED = problem("not-allowed", 405, "Method not allowed", "Use GET or HEAD.", (b"allow", METHODS))

_HTML = (b"content-type", b"text/html; charset=utf-8")
# Other sites may show the page in a frame; it runs nothing, and loads pictures of this service only.
_PAGE_SAFE = (b"content-security-policy", b"default-src 'none'; img-src 'self'; style-src 'unsafe-inline'")


def cookie_end(options: WebOptions) -> bytes:
    """Return the attributes of the visitor's cookie."""
    site = b"; SameSite=None; Secure; Partitioned" if options.origins else b"; SameSite=Lax"
    secure = b"; Secure" if options.is_secure and not options.origins else b""
    return b"; Path=/; Max-Age=%d; HttpOnly%s%s" % (DAYS * 86_400, site, secure)


def count_of(text: bytes | None) -> int | None:
    """Return the number of banners that are wanted; None if nothing is said, 0 if it is not a number from 1 on."""
    if text is None:
        return None
    return int(text) if text.isdigit() and len(text) <= 6 else 0


def no_banner(slot: Slot) -> HttpAnswer:
    """Return the answer for a campaign that has no banner in this quarter."""
    detail = f"The campaign {slot.campaign} has no banner in quarter {slot.quarter} of the hour."
    return problem(
        "no-banner", 404, "No banner in this quarter", detail, campaign_id=slot.campaign, quarter=slot.quarter
    )


def json_of(
    slot: Slot, banners: Sequence[Banner], is_list: bool, token: bytes, cookie: Sequence[tuple[bytes, bytes]]
) -> HttpAnswer:
    """Return banners as JSON: `banners` if a count was asked for, else `banner`."""
    several = slot.opening + b", ".join(banner.json for banner in banners) + slot.closing
    body = several if is_list else banners[0].body
    return HttpAnswer(200, (*JSON_HEADERS, *cookie), body + token + b'"}\n')


def html_of(slot: Slot, banners: Sequence[Banner], token: bytes, cookie: Sequence[tuple[bytes, bytes]]) -> HttpAnswer:
    """Return a small page with the pictures of banners, for a frame of another page."""
    pictures = b"".join(b'<img src="/banners/%s.svg" alt="Banner %s">' % (banner.id, banner.id) for banner in banners)
    body = (
        b'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Campaign %d</title>'
        b"<style>body{margin:0}img{display:block;max-width:100%%;height:auto}</style></head><body>%s</body></html>\n"
    ) % (slot.campaign, pictures)
    return HttpAnswer(200, (_HTML, NO_STORE, NO_SNIFFING, _PAGE_SAFE, *cookie, (VISITOR_HEADER, token)), body)


def wanted_etags(headers: Headers) -> frozenset[str]:
    """Return the ETags of If-None-Match; weak ones count as strong ones there."""
    tags = (tag.strip() for tag in headers.joined(b"if-none-match").split(","))
    return frozenset(tag.removeprefix("W/") for tag in tags)


def list_of(slot: Slot, headers: Headers) -> HttpAnswer:
    """Return the list of a slot's banners with a strong ETag; 304 if the client has it."""
    kept = ((b"etag", slot.list_etag), (b"cache-control", b"no-cache"))
    wanted = wanted_etags(headers)
    if slot.list_etag.decode() in wanted or "*" in wanted:
        return HttpAnswer(304, kept)
    return HttpAnswer(200, (JSON, *kept, NO_SNIFFING), slot.list_body)


def allowed(options: WebOptions, headers: Headers) -> HttpAnswer:
    """Return the answer to OPTIONS; a browser asks so before another site's page sends its own header."""
    more = []
    if _allowed_origin(options, headers) is not None:
        more = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", VISITOR_HEADER),
            (b"access-control-max-age", b"86400"),
        ]
    return HttpAnswer(204, ((b"allow", METHODS), *more))


def cross_site(options: WebOptions, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the headers that let a page of an allowed origin read an answer."""
    if not options.origins:
        return []
    vary = (b"vary", b"origin")
    origin = _allowed_origin(options, headers)
    if origin is None:
        return [vary]
    return [
        vary,
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"etag, " + VISITOR_HEADER),
    ]


def _allowed_origin(options: WebOptions, headers: Headers) -> bytes | None:
    origins = headers.all(b"origin")
    is_allowed = len(origins) == 1 and origins[0].decode("latin-1").lower() in options.origins
    return origins[0] if is_allowed else None
