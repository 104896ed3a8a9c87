"""The pages of schemas and their files: the list, one schema, generating data, downloads, deletion.

Here: what these pages are made of. Not here: the editor (editor_views.py), and the API (api_routes.py).
"""

import json
import shlex
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.accounts.rights import READ
from vsf_assets.portal.generation.job import GenerationError
from vsf_assets.portal.made import saving
from vsf_assets.portal.made.access import find_request, may_change, teams_that_make, visible_schemas
from vsf_assets.portal.made.file_requests import (
    CONTENT_TYPES,
    WantedFile,
    formats,
    job_for_file,
    request_file,
    requests_of,
    wanted_file,
)
from vsf_assets.portal.made.file_states import READY, path_of, states_of, tag_of
from vsf_assets.portal.made.found_schema import Preview, found_schema, preview_of, snapshot_if_any, state_of
from vsf_assets.portal.made.landed_content import parents_of
from vsf_assets.portal.made.landed_elsewhere import LandedSchema, landed_schemas
from vsf_assets.portal.made.models import MadeSchema, RequestedFile, SchemaRevision
from vsf_assets.portal.made.option_fields import type_of
from vsf_assets.portal.made.saving import SchemaRefusedError, generated_content
from vsf_assets.portal.made.schema_text import as_yaml
from vsf_assets.portal.shared.equivalents import curl
from vsf_assets.portal.shared.error_pages import error_page, explained
from vsf_assets.portal.shared.sent_files import send_file, send_made
from vsf_assets.synthetic.model.schema import SchemaError

PART = "X-Vsf-Part"
"""Header by which a script asks for a part of a page."""

_LONGEST = 1000


@require_safe
@login_required
@explained
def schemas(request: HttpRequest) -> HttpResponse:
    """Show the schemas of the account's teams."""
    rights = request.user.account_rights
    search = request.GET.get("_search", "")[:_LONGEST].strip()
    found = visible_schemas(rights)
    listed = list(found.filter(name__icontains=search) if search else found)[: saving.MOST_SCHEMAS]
    context = {
        "schemas": [(each, may_change(rights, each)) for each in listed],
        "has_teams": len({each.team_id for each in listed}) > 1,
        "landed": [each for each in _landed(request) if search.casefold() in each.name.casefold()],
        "search": search,
        "may_make": bool(teams_that_make(rights)),
        "command": "vsf generate SCHEMA.yaml --rows 1000",
        "curl": curl("schemas"),
    }
    return render(request, "made/list.html", context)


def _landed(request: HttpRequest) -> list[LandedSchema]:
    """Return the schemas that landed by other ways, for members of the team platform."""
    if not request.user.account_rights.may_on_platform(READ):
        return []
    return landed_schemas(snapshot_if_any(request))


@require_safe
@login_required
@explained
def schema(request: HttpRequest, schema_id: uuid.UUID) -> HttpResponse:
    """Show a schema: its columns, its first rows, the form that generates data, and the files."""
    found = found_schema(request.user.account_rights, schema_id)
    if request.headers.get(PART) == "files":
        return _files_part(request, found)
    given = {name: request.GET[name][:_LONGEST] for name in ("rows", "seed", "format") if name in request.GET}
    return _schema_page(request, found, given)


def _schema_page(
    request: HttpRequest, found: MadeSchema, given: dict[str, str], error: str = "", status: int = 200
) -> HttpResponse:
    form = {"rows": "1000", "seed": "0", "format": "csv", **given}
    revision = found.revision
    shown = Preview()
    if revision is not None:
        try:
            wanted = wanted_file(form["rows"], form["seed"], form["format"])
            shown = preview_of(found, generated_content(revision), wanted)
        except SchemaRefusedError as refused:
            error = error or str(refused)
            shown = preview_of(found, generated_content(revision), WantedFile(1000))
    context = {
        **_files_context(request, found, revision),
        "schema": found,
        "state": state_of(revision),
        "has_changes": found.has_changes,
        "may_change": may_change(request.user.account_rights, found),
        "columns": _columns(revision),
        "preview": shown,
        "form": form,
        "form_error": error.partition(": ")[2] if error.startswith(("rows: ", "seed: ", "format: ")) else error,
        "wrong_field": error.partition(":")[0],
        "formats": formats(),
        "made_now": settings.VSF_PORTAL.made_now,
        **_same_as(found, revision, shown.of),
    }
    return render(request, "made/schema.html", context, status=status)


def _columns(revision: SchemaRevision | None) -> list[dict[str, Any]]:
    """Return the columns of a revision for a table: header, type, and the options that are set."""
    if revision is None:
        return []
    found = []
    for column in revision.content["columns"]:
        kind = type_of(column["type"])
        fields = [(field, column[field.name]) for field in (kind.options if kind else ()) if field.name in column]
        texts = {field.name: field.text_of(value).replace("\n", ", ") for field, value in fields}
        more = [(field.label, texts[field.name]) for field, _ in fields if field in (kind.more if kind else ())]
        found.append({**texts, "header": column["name"], "type": kind.name if kind else "", "more": more})
    return found


def _same_as(found: MadeSchema, revision: SchemaRevision | None, wanted: WantedFile) -> dict[str, str]:
    name = found.name
    words = ["vsf", "generate", f"{name}.yaml", "--rows", str(wanted.rows), "--seed", str(wanted.seed)]
    words += ["-o", f"{name}.{wanted.form}"]
    for parent in _parents(found, revision):
        words += ["--schema", f"{parent}.yaml"]
    body = json.dumps({"rows": wanted.rows, "seed": wanted.seed, "format": wanted.form})
    more = ("-H", "'Content-Type: application/json'", "-d", shlex.quote(body))
    return {"command": visible(shlex.join(words)), "curl": curl(f"schemas/{found.ulid}/files", (), *more)}


def _parents(found: MadeSchema, revision: SchemaRevision | None) -> list[str]:
    if revision is None:
        return []
    try:
        return [parent.name for parent in parents_of(revision.content, saving.saved_schemas(found))]
    except SchemaError:
        return []


def _files_context(request: HttpRequest, found: MadeSchema, revision: SchemaRevision | None) -> dict[str, Any]:
    """Return what the table of files shows; it names the revision of a file that is not made of `revision`."""
    requests = requests_of(found)
    states = states_of(requests, snapshot_if_any(request) if requests else None)
    return {
        "files": states,
        "revision": revision,
        "tag": tag_of(states, found.name, revision.number if revision else None),
        "is_settled": all(each.is_settled for each in states),
    }


def _files_part(request: HttpRequest, found: MadeSchema) -> HttpResponse:
    """Return the table of files alone, for the script of the page, which asks again and again."""
    context = _files_context(request, found, found.revision)
    if request.headers.get("If-None-Match") == context["tag"]:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(render_to_string("made/files.html", {**context, "schema": found}, request))
    response["ETag"] = context["tag"]
    response["Vary"] = PART
    return response


@require_POST
@login_required
@explained
def generate(request: HttpRequest, schema_id: uuid.UUID) -> HttpResponseBase:
    """Send a small file, which is made at once; ask the platform for a large one."""
    found = found_schema(request.user.account_rights, schema_id, changes=True)
    given = {name: request.POST.get(name, "")[:_LONGEST] for name in ("rows", "seed", "format")}
    try:
        wanted = wanted_file(given["rows"], given["seed"] or "0", given["format"] or "csv")
        if wanted.is_small:
            return small_file(request, found, wanted)
        request_file(found, request.user, wanted)
    except SchemaRefusedError as error:
        return _schema_page(request, found, given, str(error), error.status)
    except (SchemaError, GenerationError) as error:
        return _schema_page(request, found, given, str(error), 422)
    return redirect(f"{reverse('made_schema', args=[found.id])}#files")


def small_file(request: HttpRequest, found: MadeSchema, wanted: WantedFile) -> HttpResponseBase:
    """Return the answer that makes and sends a file of the latest revision; nothing lands.

    Raises:
        SchemaRefusedError, SchemaError, GenerationError: it cannot be made.
    """
    revision = found.revision
    if revision is None:
        raise SchemaRefusedError("save the schema first; files are made of what was saved")
    name = RequestedFile(revision=revision, rows=wanted.rows, seed=wanted.seed, format=wanted.form).file_name
    return send_made(request, job_for_file(found, revision, wanted), name, CONTENT_TYPES[wanted.form])


@require_safe
@login_required
@explained
def download(request: HttpRequest, schema_id: uuid.UUID, request_id: uuid.UUID) -> HttpResponseBase:
    """Send a file that is ready."""
    found = find_request(request.user.account_rights, schema_id, request_id)
    if found is None:
        raise Http404
    return ready_file(request, found) or error_page(
        request, 409, "The file is not ready", "Its page says what it waits for, or why it failed."
    )


def ready_file(request: HttpRequest, found: RequestedFile) -> HttpResponseBase | None:
    """Return the answer that sends a file; None if it is not ready."""
    (state,) = states_of([found], snapshot_if_any(request))
    if state.state != READY:
        return None
    try:
        path = path_of(state)
    except OSError:
        return None  # removed since, or the bucket cannot be asked
    response = send_file(request, path, found.file_name, CONTENT_TYPES[found.format])
    if state.sha256:
        response["ETag"] = f'"{state.sha256}"'
    return response


@require_safe
@login_required
@explained
def export(request: HttpRequest, schema_id: uuid.UUID) -> HttpResponse:
    """Send a schema as YAML: the latest revision, or the draft while there is none."""
    found = found_schema(request.user.account_rights, schema_id)
    return yaml_answer(found)


def yaml_answer(found: MadeSchema) -> HttpResponse:
    """Return a schema as a download of YAML that `vsf generate` reads."""
    revision = found.revision
    content = generated_content(revision) if revision else found.draft
    response = HttpResponse(as_yaml(content), content_type="application/yaml; charset=utf-8")
    name = f"{found.name}.yaml"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@explained
def delete(request: HttpRequest, schema_id: uuid.UUID) -> HttpResponse:
    """Ask whether a schema is to be deleted, with its files, and delete it."""
    found = found_schema(request.user.account_rights, schema_id, changes=True)
    error = ""
    if request.method == "POST":
        try:
            saving.delete(found, request.user.id)
        except SchemaRefusedError as refused:
            error = str(refused)
        else:
            messages.success(request, f"{found.name} was deleted; its files go with the next run.")
            return redirect("made")
    context = {"schema": found, "files": len(requests_of(found)), "users": saving.users_of(found), "error": error}
    return render(request, "made/delete.html", context, status=409 if error else 200)
