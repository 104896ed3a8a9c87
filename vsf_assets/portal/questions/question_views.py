"""Pages of saved questions: the list, one with its answer, and its files.

Here: what a reader sees. Not here: writing and changing a question (editing_views.py), and data links (link_views.py).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vsf_assets.charts.specs import simple_chart
from vsf_assets.portal.questions.answers import file_of, given_values, requested_question
from vsf_assets.portal.questions.data_links import MOST as MOST_LINKS
from vsf_assets.portal.questions.models import BAR, LINE, NUMBER, Question
from vsf_assets.portal.questions.parameters import Parameter, WrongValueError, parameters_from
from vsf_assets.portal.questions.question_rights import (
    may_change,
    may_export,
    seen_question,
    seen_questions,
    shows_sql,
    teams_of_writer,
    why_no_answers,
    why_no_sql,
)
from vsf_assets.portal.questions.result_files import FORMATS, is_number
from vsf_assets.portal.questions.result_table import ROWS, result_table, shown_value
from vsf_assets.portal.questions.running import STATUSES, asker
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.shared.open_pool import SNAPSHOT_HEADER
from vsf_assets.portal.sql.runner import SqlAnswer, SqlError
from vsf_assets.ready_questions.question_files import ready_questions

POINTS = 500
"""Rows that a chart draws; the table has all."""


@dataclass(frozen=True)
class ValueField:
    """A parameter in the form above an answer, with the text that it has now."""

    parameter: Parameter
    text: str
    error: str = ""


@require_safe
@login_required
@explained
def questions(request: HttpRequest) -> HttpResponse:
    """Show the questions of the account's teams, by team."""
    rights = request.user.account_rights
    words = request.GET.get("_search", "").strip()[:200]
    found = [q for q in seen_questions(rights).order_by("team__name", "name") if _has(q, words)]
    teams = dict.fromkeys(question.team for question in found)
    context = {
        "groups": [(team, [question for question in found if question.team == team]) for team in teams],
        "total": len(found),
        "search": words,
        "why_none": why_no_answers(rights),
        "may_write": teams_of_writer(rights).exists(),
        "may_ask": not why_no_sql(rights),
        "ready": ready_questions() if not found and not words else (),
    }
    return render(request, "questions/list.html", context)


def _has(question: Question, words: str) -> bool:
    return words.casefold() in f"{question.name} {question.description}".casefold()


@require_safe
@login_required
@explained
def question(request: HttpRequest, question_id: str) -> HttpResponse:
    """Show a question's answer for the values of the address."""
    rights = request.user.account_rights
    found = seen_question(rights, question_id)
    return question_page(request, found)


def question_page(
    request: HttpRequest, found: Question, status: int = 200, failed: SqlError | None = None, **more: Any
) -> HttpResponse:
    """Return the page of a question; `more` stands beside its answer, and `failed` says why there is none."""
    rights, parameters = request.user.account_rights, parameters_from(found.parameters)
    shows = shows_sql(rights, found)
    given = given_values(request.GET.items())
    wrong: WrongValueError | None = None
    context: dict[str, Any] = {}
    try:
        requested = requested_question(rights, found, given)
        context["queried"] = requested.snapshot
        if failed:
            raise failed
        context |= _shown(found, requested.answer(asker(request), ROWS))
    except WrongValueError as error:
        wrong = error
        status = 400 if given else status
    except SqlError as error:
        context["error"], status = error, STATUSES[error.kind]
    query = urlencode(given)
    context |= {
        "question": found,
        "fields": [_field(parameter, given, wrong, shows) for parameter in parameters],
        "wrong": wrong if given and wrong and not any(p.name == wrong.name for p in parameters) else None,
        "waits": wrong is not None and not given,
        "rows_of_page": ROWS,
        "rows_of_file": settings.VSF_PORTAL.sql_rows,
        "query": query,
        "formats": list(FORMATS) if may_export(rights) else [],
        "may_change": may_change(rights, found),
        "shows_sql": shows,
        "links": found.links.select_related("user") if may_change(rights, found) else [],
        "most_links": MOST_LINKS,
        "curl": _curl(found, query),
        "address": f"{settings.VSF_PORTAL.shown_url}/api/v1/questions/{found.id}",
    }
    response = render(request, "questions/question.html", {**context, **more}, status=status)
    if "queried" in context:
        response[SNAPSHOT_HEADER] = str(context["queried"].number)
    response["Cache-Control"] = "private, no-store"
    return response


def _shown(found: Question, answer: SqlAnswer) -> dict[str, Any]:
    """Return an answer in the shape that the question has; the table stands below in every shape."""
    shown: dict[str, Any] = {"result": result_table(answer)}
    if found.shape == NUMBER and answer.rows and answer.rows[0]:
        shown["figure"], shown["figure_name"] = shown_value(answer.rows[0][0]), answer.columns[0][0]
    elif found.shape in (LINE, BAR) and answer.rows:
        names, types = [name for name, _ in answer.columns], [kind for _, kind in answer.columns]
        rows = [_numbers(row, types) for row in answer.rows[:POINTS]]
        spec = simple_chart(found.shape, names, types, rows, found.name)
        shown["chart"] = spec and {"spec": spec, "caption": f"{found.name} The table below has the same figures."}
        shown["no_chart"] = spec is None
    return shown


def _numbers(row: list[Any], types: list[str]) -> list[Any]:
    """Return a row with numbers that JSON has as texts as numbers: decimals, long whole ones, `nan` and `inf`."""
    return [
        float(value) if isinstance(value, str) and is_number(kind) else value
        for value, kind in zip(row, types, strict=True)
    ]


def _field(parameter: Parameter, given: dict[str, str], wrong: WrongValueError | None, shows: bool) -> ValueField:
    """Return a field; the first value is a part of the query, and shown where that is."""
    text = given.get(parameter.name, (parameter.default or "") if shows else "")
    return ValueField(parameter, text, str(wrong) if wrong and given and wrong.name == parameter.name else "")


def _curl(found: Question, query: str) -> str:
    address = f"{settings.VSF_PORTAL.shown_url}/api/v1/questions/{found.id}.csv{'?' if query else ''}{query}"
    return f"curl -H \"Authorization: Bearer $VSF_TOKEN\" '{address}'"


@require_safe
@login_required
@explained
def export(request: HttpRequest, question_id: str, form: str) -> HttpResponseBase:
    """Send the answer for the values of the address as a file."""
    rights = request.user.account_rights
    found = seen_question(rights, question_id)
    if form not in FORMATS:
        raise Http404
    if not may_export(rights):
        raise PermissionDenied
    try:
        requested = requested_question(rights, found, given_values(request.GET.items()))
        answer = requested.answer(asker(request))
    except WrongValueError:
        return question_page(request, found)
    except SqlError as error:  # it is not asked again, which could take as long once more
        return question_page(request, found, failed=error)
    return file_of(request, answer, form, found.name, requested.snapshot)
