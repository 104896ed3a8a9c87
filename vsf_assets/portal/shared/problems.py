"""Problems as RFC 9457 describes them: what went wrong, and what to do.

Here: the answer. Not here: which error becomes which problem (api/error_handlers.py).
"""

import json
from typing import Any

from django.http import HttpResponse

_KINDS = {
    400: ("wrong-parameter", "A parameter is not understood"),
    401: ("not-signed-in", "A token is needed"),
    403: ("not-allowed", "The token or the role does not allow this"),
    404: ("not-found", "There is nothing at this address"),
    409: ("snapshot-changed", "A new snapshot was published"),
    410: ("snapshot-gone", "The snapshot is not kept any more"),
    422: ("too-large", "The question is too large"),
    429: ("too-many", "Too many requests"),
    500: ("defect", "Something went wrong here"),
    503: ("not-available", "The data is not available at the moment"),
}
SIGN_IN = "send a token: Authorization: Bearer vsf_…; make one on the page /tokens/ or by vsf portal token"


def problem(status: int, detail: str, **members: Any) -> HttpResponse:
    """Return the answer for a problem."""
    kind, title = _KINDS.get(status, ("problem", "The request was not answered"))
    content = {"type": f"urn:vsf:{kind}", "title": title, "status": status, "detail": detail, **members}
    response = HttpResponse(json.dumps(content) + "\n", status=status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="vsf"'
    return response
