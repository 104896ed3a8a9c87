"""Pages that write, change and delete a saved question, and that show its versions.

Here: the views. Not here: the form and its checks (question_forms.py), and the changes (changes.py).
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.questions.changes import NameTakenError, change_question, create_question, delete_question
from vsf_assets.portal.questions.models import LINE, TABLE, Question
from vsf_assets.portal.questions.parameters import KINDS, Parameter, WrongValueError, parameters_from
from vsf_assets.portal.questions.question_forms import (
    QuestionForm,
    check_query,
    first_values,
    read_parameters,
    rows_of,
    typed_rows,
)
from vsf_assets.portal.questions.question_rights import (
    may_change,
    seen_question,
    shows_sql,
    teams_of_writer,
)
from vsf_assets.portal.questions.running import asker
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.sql import bound_values
from vsf_assets.portal.sql.runner import SqlError
from vsf_assets.ready_questions.question_files import ReadyQuestion, ready_questions

_KINDS_OF_READY = {
    "text": bound_values.TEXT,
    "whole number": bound_values.WHOLE,
    "number": bound_values.DECIMAL,
    "date": bound_values.DATE,
}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def new_question(request: HttpRequest) -> HttpResponse:
    """Show the form for a new question, begun with a query or a ready question, or save it."""
    rights = request.user.account_rights
    if not teams_of_writer(rights).exists():
        raise PermissionDenied
    if request.method != "POST" or "begin" in request.POST:
        sql = request.POST.get("sql", "").replace("\r\n", "\n")
        return _begun(request, sql, _ready(request.GET.get("ready", "")))
    form = QuestionForm(request.POST, rights=rights)
    return _save(request, form, None)


def _begun(request: HttpRequest, sql: str, ready: ReadyQuestion | None) -> HttpResponse:
    first: dict[str, Any] = {"sql": sql, "shape": TABLE}
    parameters: tuple[Parameter, ...] = ()
    if ready is not None:
        first = {"name": ready.title, "description": ready.about, "sql": ready.sql, "shape": TABLE}
        parameters = tuple(
            Parameter(p.name, _KINDS_OF_READY[p.kind], p.about.capitalize()[:80], str(p.default))
            for p in ready.parameters
            if p.kind in _KINDS_OF_READY
        )
        if ready.name.startswith("daily_"):
            first["shape"] = LINE
    form = QuestionForm(initial=first, rights=request.user.account_rights)
    return _form_page(request, form, rows_of(parameters, first["sql"]))


def _ready(name: str) -> ReadyQuestion | None:
    return next((question for question in ready_questions() if question.name == name), None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def edit_question(request: HttpRequest, question_id: str) -> HttpResponse:
    """Show the form of a question, or change it."""
    found = _changeable(request, question_id)
    rights = request.user.account_rights
    if request.method == "POST":
        return _save(request, QuestionForm(request.POST, rights=rights, question=found), found)
    first = first_values(found) if shows_sql(rights, found) else {**first_values(found), "sql": ""}
    form = QuestionForm(initial=first, rights=rights, question=found)
    parameters = parameters_from(found.parameters) if shows_sql(rights, found) else ()
    return _form_page(request, form, rows_of(parameters, first["sql"]), question=found)


def _save(request: HttpRequest, form: QuestionForm, question: Question | None) -> HttpResponse:
    rows = typed_rows(request.POST)
    if not form.is_valid():
        return _form_page(request, form, rows, 400, question)
    given = form.cleaned_data
    sql = given["sql"].replace("\r\n", "\n")
    try:
        parameters = read_parameters(rows)
        check_query(Access(request.user.account_rights), asker(request), sql, parameters)
        content = {
            **{name: given[name] for name in ("name", "description", "shape")},
            "sql": sql,
            "parameters": [parameter.declared() for parameter in parameters],
        }
        if question is None:
            question = create_question(request.user, given["team"], content)
        else:
            change_question(question, request.user, content)
    except SqlError as error:
        form.add_error("sql", str(error))
    except WrongValueError as error:
        form.add_error(None, str(error))
    except NameTakenError as error:
        form.add_error("name", str(error))
    if form.errors or question is None:
        return _form_page(request, form, rows, 400, question)
    messages.success(request, f"“{question.name}” is saved. Its team sees the answers.")
    return redirect("question", question.id)


def _form_page(
    request: HttpRequest,
    form: QuestionForm,
    rows: list[dict[str, Any]],
    status: int = 200,
    question: Question | None = None,
) -> HttpResponse:
    context = {"form": form, "rows": rows, "kinds": list(KINDS.items()), "question": question}
    return render(request, "questions/form.html", context, status=status)


@require_POST
@login_required
@explained
def remove_question(request: HttpRequest, question_id: str) -> HttpResponse:
    """Delete a question with its versions and data links."""
    found = _changeable(request, question_id)
    delete_question(found, request.user)
    messages.success(request, f"“{found.name}” is deleted; its data links work no more.")
    return redirect("questions")


@require_safe
@login_required
@explained
def versions(request: HttpRequest, question_id: str) -> HttpResponse:
    """Show what a question was before each change."""
    rights = request.user.account_rights
    found = seen_question(rights, question_id)
    lines = [
        (version, parameters_from(version.parameters), rights.may_see_personal or not version.by_personal)
        for version in found.versions.select_related("changed_by")
    ]
    context = {"question": found, "lines": lines, "may_change": may_change(rights, found)}
    return render(request, "questions/versions.html", context)


def _changeable(request: HttpRequest, question_id: str) -> Question:
    """Return a question that the account may change.

    Raises:
        Http404: it may not be seen.
        PermissionDenied: it may be seen and not changed.
    """
    found = seen_question(request.user.account_rights, question_id)
    if not may_change(request.user.account_rights, found):
        raise PermissionDenied
    return found
