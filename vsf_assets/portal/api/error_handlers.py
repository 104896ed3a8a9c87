"""Which error of the API becomes which problem.

Here: the handlers. Not here: the form of a problem (shared/problems.py), and pages of errors (shared/error_pages.py).
"""

import logging

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from vsf_assets.portal.shared.problems import SIGN_IN, problem
from vsf_assets.portal.shared.request_errors import NOTHING, status_of, text_of

_log = logging.getLogger("vsf.portal.api")


def add_handlers(api: NinjaAPI) -> None:
    """Let the API answer each kind of error with a problem."""

    @api.exception_handler(AuthenticationError)
    def on_stranger(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001
        return problem(401, SIGN_IN)

    @api.exception_handler(Http404)
    def on_nothing(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001
        return problem(404, NOTHING)

    @api.exception_handler(HttpError)
    def on_refusal(request: HttpRequest, error: HttpError) -> HttpResponse:  # noqa: ARG001
        return problem(error.status_code, str(error))

    @api.exception_handler(ValidationError)
    def on_parameter(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001
        words = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors)
        return problem(400, words)

    @api.exception_handler(Exception)
    def on_defect(request: HttpRequest, error: Exception) -> HttpResponse:
        status = status_of(error)
        if status is not None:
            return problem(status, text_of(error))
        _log.error("defect in %s %r", request.method, request.path, exc_info=error)
        return problem(500, "it is written down in the portal's log; try again")
