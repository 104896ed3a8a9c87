"""The pages on which a schema is begun and edited.

Here: what these pages are made of. Each button sends the whole form, so that they work without JavaScript; with it, the
script asks for the form alone and puts it in place. Not here: the form (editor_form.py), and saving (saving.py).
"""

import uuid
from pathlib import PurePosixPath
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from vsf_assets.portal.made import saving
from vsf_assets.portal.made.access import teams_that_make
from vsf_assets.portal.made.editor_form import (
    FIRST_COLUMN,
    MOST_COLUMNS,
    ColumnRow,
    changed,
    draft_of,
    name_of,
    place_errors,
    rows_of,
)
from vsf_assets.portal.made.file_requests import WantedFile
from vsf_assets.portal.made.found_schema import found_schema, preview_of
from vsf_assets.portal.made.guessed_columns import NoHeaderError, guess_schema
from vsf_assets.portal.made.models import LONGEST_NAME, MadeSchema
from vsf_assets.portal.made.option_fields import IN_TABLE, types_by_group
from vsf_assets.portal.made.saving import SchemaRefusedError
from vsf_assets.portal.made.schema_text import as_yaml, from_text
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.synthetic.model.schema import QUOTES, SEPARATORS, SchemaError

PART = "X-Vsf-Part"
EMPTY, CSV, YAML = "empty", "csv", "yaml"
"""Ways to begin a schema."""

PREVIEWED = WantedFile(1000)
"""The file whose first rows the editor shows: the one that the form for files proposes."""

_LONGEST_TEXT = 900_000


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def new(request: HttpRequest) -> HttpResponse:
    """Begin a schema: empty, from the header of a CSV file, or from YAML."""
    teams = teams_that_make(request.user.account_rights)
    if not teams:
        raise PermissionDenied
    error, way = "", request.POST.get("way", EMPTY)
    if request.method == "POST":
        team = next((each.team for each in teams if str(each.team) == request.POST.get("team")), teams[0].team)
        try:
            draft = _begun(request, way)
            draft["name"] = saving.free_name(team, saving.checked_name(draft.get("name")))
            schema = saving.new_schema(team, request.user.id, draft)
        except (SchemaRefusedError, SchemaError, NoHeaderError) as refused:
            error = str(refused).removeprefix("name: ")
        else:
            return redirect("made_edit", schema.id)
    given = {name: request.POST.get(name, "")[:_LONGEST_TEXT] for name in ("name", "text", "team")}
    context = {"teams": teams, "error": error, "way": way, "given": given}
    return render(request, "made/new.html", context, status=422 if error else 200)


def _begun(request: HttpRequest, way: str) -> dict[str, Any]:
    """Return the draft with which a schema begins; raises what its reader does."""
    name = request.POST.get("name", "").strip()[:1000]
    file = request.FILES.get("file")
    sent = file.read() if file else request.POST.get("text", "").encode(errors="replace")
    stem = _stem(file.name or "" if file else "")
    if way == CSV:
        return guess_schema(name or stem, sent)
    if way == YAML:
        content = from_text(sent.decode(errors="surrogateescape"))
        if not isinstance(content, dict) or not isinstance(content.get("columns"), list):
            raise SchemaError("a schema is a mapping with name and columns; see docs/made-up-files.md")
        return {**content, "name": name or content.get("name") or stem}
    return {"name": name, "separator": "comma", "quote": "double", "columns": [dict(FIRST_COLUMN)]}


def _stem(name: str) -> str:
    """Return a name for a schema from that of a file: characters that it cannot have are spaces."""
    letters = "".join(letter if letter.isalnum() or letter in "_-" else " " for letter in PurePosixPath(name).stem)
    return " ".join(letters.split()).lstrip("_- ")[:LONGEST_NAME] or "schema"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def edit(request: HttpRequest, schema_id: uuid.UUID) -> HttpResponse:
    """Show the editor of a schema's draft; its buttons change the draft, or save it."""
    found = found_schema(request.user.account_rights, schema_id, changes=True)
    if request.method != "POST":
        return _editor(request, found)
    action = request.POST.get("do", "keep")[:40]
    if action == "text":
        return _take_text(request, found)
    draft = changed(draft_of(request.POST.dict(), found.draft), action)
    is_part = request.headers.get(PART) == "editor"
    if (action == "save" or not is_part) and (undone := _undone_by(request, found, draft)):
        found.draft = draft  # shown, and not kept before somebody has decided
        return _editor(request, found, undone, 409, seen=found.revision.number if found.revision else 0)
    if is_part and action == "preview":  # while somebody types; a button, or leaving the page, keeps the draft
        found.draft = draft
        return _editor(request, found)
    saving.keep_draft(found, draft, request.user.id)
    if action == "save":
        return _save(request, found)
    if is_part:
        return _editor(request, found)
    place = action.partition("-")[2]
    return redirect(reverse("made_edit", args=[found.id]) + (f"#c{place}-name" if place.isdecimal() else "#columns"))


def _undone_by(request: HttpRequest, found: MadeSchema, draft: dict[str, Any]) -> str:
    """Return what saving would undo: a revision that was saved elsewhere since the page was opened."""
    latest = found.revision
    if latest is None or latest.number <= _seen(request, latest.number) or latest.content == draft:
        return ""
    account = latest.account
    who = "you" if account == request.user else account.username if account else "somebody"
    return (
        f"{who} saved revision {latest.number} after this page was opened, and saving this would undo it. Look at it on"
        " the page of the schema; or save again, to put this in its place"
    )


def _seen(request: HttpRequest, latest: int) -> int:
    """Return the number of the revision that was the latest when the page was opened, which the form repeats."""
    given = request.POST.get("revision", "")[:10]
    return int(given) if given.isascii() and given.isdecimal() else latest


def _save(request: HttpRequest, found: MadeSchema) -> HttpResponse:
    try:
        saving.save(found, request.user.id)
    except SchemaRefusedError as error:
        return _editor(request, found, str(error), error.status)
    except SchemaError as error:
        return _editor(request, found, str(error), 422)
    messages.success(request, f"{found.name} is saved, in use from the next run.")
    if request.headers.get(PART) == "editor":
        response = HttpResponse(status=204)
        response["X-Vsf-Next"] = reverse("made_schema", args=[found.id])
        return response
    return redirect("made_schema", found.id)


def _take_text(request: HttpRequest, found: MadeSchema) -> HttpResponse:
    """Take a whole draft as YAML."""
    text = request.POST.get("text", "")[:_LONGEST_TEXT]
    try:
        content = from_text(text)
        if not isinstance(content, dict) or not isinstance(content.get("columns"), list):
            raise SchemaError("a schema is a mapping with name and columns")
    except SchemaError as error:
        return _editor(request, found, str(error), 422, text=text)
    saving.keep_draft(found, {"name": found.name, **content}, request.user.id)
    return redirect("made_edit", found.id)


def _editor(
    request: HttpRequest,
    found: MadeSchema,
    error: str = "",
    status: int = 200,
    *,
    text: str | None = None,
    seen: int | None = None,
) -> HttpResponse:
    rows = rows_of(found.draft)
    latest = found.revision.number if found.revision else 0
    of_name = error.removeprefix("name: ") if error.startswith("name: ") else ""
    rest = "" if of_name or not error else error if text is not None else _placed(rows, found, error)
    context = {
        "schema": found,
        "seen": _seen(request, latest) if seen is None else seen,
        "draft": found.draft,
        "separator": name_of(found.draft.get("separator"), SEPARATORS),
        "quote": name_of(found.draft.get("quote"), QUOTES),
        "rows": rows,
        "is_too_large": len(rows) > MOST_COLUMNS,
        "in_table": IN_TABLE,
        "groups": types_by_group(),
        "separators": list(SEPARATORS.items()),
        "quotes": list(QUOTES.items()),
        "others": sorted(saving.saved_schemas(found)),
        "error": error,
        "name_error": of_name,
        "form_error": rest,
        "text": as_yaml(found.draft) if text is None else text,
        "text_error": text is not None,
        "preview": preview_of(found, found.draft, PREVIEWED),
    }
    if request.headers.get(PART) == "editor":
        return HttpResponse(render_to_string("made/editor_form.html", context, request), status=status)
    return render(request, "made/editor.html", context, status=status)


def _placed(rows: list[ColumnRow], found: MadeSchema, error: str) -> str:
    return place_errors(rows, found.draft, error)
