"""Headers of protection on every answer, also on those that Django does not see.

Here: adding what an answer lacks. Not here: the headers of pages, which Django's middleware and django-csp make
(config.py, middleware.py).
"""

from collections.abc import MutableMapping
from typing import Any

from vsf_assets.web.answers import Application, Receive, Scope, Send

_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_BY_TLS = (b"strict-transport-security", b"max-age=31536000")


def with_headers(application: Application, is_secure: bool) -> Application:
    """Return an application whose answers all have the headers; `is_secure` says that browsers use TLS."""
    wanted = (*_HEADERS, _BY_TLS) if is_secure else _HEADERS

    async def protected(scope: Scope, receive: Receive, send: Send) -> None:
        async def complete(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = list(message["headers"])
                names = {name.lower() for name, _ in given}
                message = {**message, "headers": given + [pair for pair in wanted if pair[0] not in names]}
            await send(message)

        await application(scope, receive, complete)

    return protected
