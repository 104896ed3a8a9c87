"""Saved questions in version 1 of the API: the list, and the answer of one as CSV, JSON or Parquet.

Here: the routes, and the data link as a way to be let in, in the address (`?token=vsfq_…`) or as a Bearer token. Not
here: what a link is (questions/data_links.py), and running a query.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.security import APIKeyQuery

from vsf_assets.portal.accounts.models import ApiToken, User
from vsf_assets.portal.api.authentication import PageSession, TokenAuth, has_ended, rights_of_request
from vsf_assets.portal.api.list_answers import json_answer
from vsf_assets.portal.api.sql_route import sql_problem
from vsf_assets.portal.questions.answers import file_of, given_values, is_known, requested_question
from vsf_assets.portal.questions.data_links import PREFIX, find_link
from vsf_assets.portal.questions.models import DataLink, Question
from vsf_assets.portal.questions.parameters import WrongValueError
from vsf_assets.portal.questions.question_rights import may_export, seen_question, seen_questions, shows_sql
from vsf_assets.portal.questions.result_files import FORMATS
from vsf_assets.portal.questions.running import asker
from vsf_assets.portal.shared.problems import SIGN_IN, problem
from vsf_assets.portal.sql.runner import SqlError

TOKEN = "token"  # noqa: S105 - the name of a parameter

WHO = "files of answers need an account of the team platform that may export; a token needs the scopes read and export"


class LinkAuth(APIKeyQuery):
    """A data link in the address: `?token=vsfq_…`, for programs that send no headers."""

    param_name = TOKEN

    def authenticate(self, request: HttpRequest, key: str | None) -> DataLink | None:  # noqa: ARG002 - ninja's form
        """Return the data link of a request, None for a wrong one."""
        return find_link(key) if key else None


class BearerAuth(TokenAuth):
    """A token of the API, or a data link, in `Authorization: Bearer …`."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Return the token or link of a request; None for a wrong one, and beside one in the address."""
        if TOKEN in request.GET:
            return None
        return find_link(token) if token.startswith(PREFIX) else super().authenticate(request, token)


class SessionAuth(PageSession):
    """A session; None beside a data link, since a wrong one is a stranger's."""

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """Return the account of a session."""
        return None if TOKEN in request.GET else super().authenticate(request, key)


def add_questions(api: NinjaAPI) -> None:
    """Add the addresses to the API."""

    @api.get("/questions", summary="Saved questions whose answers may be seen.", tags=["questions"])
    def questions(request: HttpRequest) -> HttpResponse:
        rights = rights_of_request(request)
        items = [_about(question, shows_sql(rights, question)) for question in seen_questions(rights)]
        return json_answer({"items": items, "next": None})

    for form in FORMATS:
        _add_answer(api, form)


def _add_answer(api: NinjaAPI, form: str) -> None:
    @api.get(
        f"/questions/{{question_id}}.{form}",
        summary=f"The answer of a saved question as {form}; each parameter of the question is one of the address.",
        operation_id=f"question_{form}",
        tags=["questions"],
        auth=[LinkAuth(), BearerAuth(), SessionAuth()],
    )
    def answer(request: HttpRequest, question_id: str) -> HttpResponseBase:
        return _answer(request, question_id, form)


def _answer(request: HttpRequest, question_id: str, form: str) -> HttpResponseBase:
    asks: ApiToken | User | DataLink = request.auth  # type: ignore[attr-defined]
    rights = rights_of_request(request)
    question = seen_question(rights, question_id)
    if isinstance(asks, DataLink) and asks.question_id != question.id:
        raise Http404
    if not may_export(rights):
        return problem(403, WHO)
    try:
        requested = requested_question(rights, question, given_values(request.GET.items()))
        tag = requested.etag(form)
        if is_known(request, tag):
            response: HttpResponseBase = HttpResponse(status=304)
        else:
            found = requested.answer(asker(request))
            if has_ended(request):
                return problem(401, SIGN_IN)
            response = file_of(request, found, form, question.name, requested.snapshot, question=question.name)
    except WrongValueError as error:
        return problem(400, str(error), parameter=error.name[:60])
    except SqlError as error:
        return sql_problem(error)
    response["ETag"] = tag
    return response


def _about(question: Question, shows_query: bool) -> dict[str, Any]:
    return {
        "id": str(question.id),
        "name": question.name,
        "description": question.description,
        "team": question.team.name,
        "version": question.version,
        "shape": question.shape,
        "parameters": [
            {
                "name": found["name"],
                "kind": found["kind"],
                "label": found["label"],
                "default": found["default"] if shows_query else None,
                "choices": found["choices"],
                "is_optional": found["is_optional"],
            }
            for found in question.parameters
        ],
        "sql": question.sql if shows_query else None,
        "changed_at": question.changed_at,
    }
