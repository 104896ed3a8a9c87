"""The addresses `/api/v1/schemas`: schemas, their first rows, and their files.

Here: parameters and answers. A new address needs a line in the matrix of rights (vsf_assets_tests/portal/matrix.py).
Not here: what they answer with (the modules beside), and the API itself (api/routes.py).
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from pydantic import BeforeValidator

from vsf_assets.common.ulids import uuid_of
from vsf_assets.portal.accounts.models import ApiToken, User
from vsf_assets.portal.api.authentication import rights_of_request
from vsf_assets.portal.api.list_answers import DEFAULT, json_answer
from vsf_assets.portal.data.table_query import LARGEST_PAGE
from vsf_assets.portal.generation.job import GenerationError
from vsf_assets.portal.made import saving
from vsf_assets.portal.made.access import (
    find_request,
    find_schema,
    may_change,
    teams_that_make,
    teams_that_see,
    visible_schemas,
)
from vsf_assets.portal.made.file_requests import preview, request_file, requests_of, wanted_file
from vsf_assets.portal.made.file_states import RequestState, states_of, tag_of
from vsf_assets.portal.made.found_schema import snapshot_if_any, state_of
from vsf_assets.portal.made.models import MadeSchema, RequestedFile
from vsf_assets.portal.made.saving import SchemaRefusedError, generated_content
from vsf_assets.portal.made.schema_text import from_text
from vsf_assets.portal.made.schema_views import ready_file, small_file, yaml_answer
from vsf_assets.portal.shared.problems import problem
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.synthetic.model.schema import SchemaError, schema_of
from vsf_assets.synthetic.model.type_catalog import type_catalog

router = Router(tags=["made-up files"])

_TEXT = {"schema": {"type": "string"}}
BODY = {
    "requestBody": {
        "required": True,
        "description": "The schema, as `vsf generate` takes it: YAML or JSON.",
        "content": {"application/yaml": _TEXT, "application/json": {"schema": {"type": "object"}}},
    }
}
_LARGEST_BODY = 1_000_000


class SchemaPage(Schema):
    """Parameters of the list."""

    limit: int = Field(DEFAULT, ge=1, le=LARGEST_PAGE)
    after: str = ""
    search: str = ""


def _no_truth(value: Any) -> Any:
    """Refuse true and false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a whole number")
    return value


WholeNumber = Annotated[int, BeforeValidator(_no_truth)]


class FileOrder(Schema):
    """What is asked for."""

    rows: WholeNumber
    format: str = "csv"
    seed: WholeNumber = 0


def _explained(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer what cannot be done with a problem that says what to do."""

    @wraps(view)
    def answer(*arguments: Any, **named: Any) -> Any:
        try:
            return view(*arguments, **named)
        except SchemaRefusedError as error:
            return problem(error.status, str(error), type="urn:vsf:not-possible", title="This cannot be done")
        except SchemaError as error:
            return problem(422, str(error), type="urn:vsf:not-valid", title="The schema is not valid")
        except GenerationError as error:
            status = 503 if error.is_busy else 422
            return problem(status, str(error), type="urn:vsf:not-made", title="The file cannot be made")

    return answer


@router.get("/column-types", summary="The types of columns, with their options.", operation_id="column_types")
def column_types(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Return the registry of types: what a program needs to build a schema."""
    return json_answer(type_catalog())


@router.get("/schemas", summary="Schemas of the own teams, the newest first.", operation_id="schemas")
def schemas(request: HttpRequest, page: Query[SchemaPage]) -> HttpResponse:
    """Return a page of the schemas."""
    rights = rights_of_request(request)
    if not teams_that_see(rights):
        raise Http404
    found = visible_schemas(rights).order_by("-id")
    if page.search:
        found = found.filter(name__icontains=page.search[:1000])
    if page.after:
        found = found.filter(pk__lt=_cursor(page.after))
    listed = list(found[: page.limit + 1])
    following = listed[page.limit - 1].ulid if len(listed) > page.limit else None
    return json_answer({"items": [_shown(each) for each in listed[: page.limit]], "next": following})


@router.post("/schemas", summary="Save a new schema.", operation_id="new_schema", openapi_extra=BODY)
@_explained
def new_schema(request: HttpRequest, team: str = "") -> HttpResponse:
    """Save a schema, given as YAML or JSON; it is in use from the next run."""
    teams = teams_that_make(rights_of_request(request))
    chosen = next((each.team for each in teams if not team or team in (each.name, str(each.team))), None)
    if chosen is None:
        raise HttpError(403, "saving schemas takes the role marketer, and a token the scope deliver")
    content, account = _content(request), _account(request)
    schema_of(content)
    saved = saving.new_schema(chosen, account.id, content)
    try:
        saving.save(saved, account.id)
    except BaseException:
        if saved.revision is None:
            saving.delete(saved, account.id)
        raise
    return json_answer({**_shown(saved), "url": f"/api/v1/schemas/{saved.ulid}"}, 201)


@router.get("/schemas/{schema_id}", summary="A schema.", operation_id="schema")
def schema(request: HttpRequest, schema_id: str) -> HttpResponse:
    """Return a schema with its content: that of its latest revision, and its draft where that is another one."""
    found = _found(request, schema_id)
    revision = found.revision
    content = {"content": generated_content(revision) if revision else None}
    return json_answer({**_shown(found), **content, "draft": found.draft if found.has_changes else None})


@router.put("/schemas/{schema_id}", summary="Save another content of a schema.", openapi_extra=BODY)
@_explained
def replace_schema(request: HttpRequest, schema_id: str) -> HttpResponse:
    """Save a new revision; files that were asked for keep theirs."""
    found, content = _changeable(request, schema_id), _content(request)
    schema_of(content)
    before = found.draft
    account = _account(request).id
    saving.keep_draft(found, content, account)
    try:
        saving.save(found, account)
    except BaseException:
        saving.keep_draft(found, before, account)
        raise
    return json_answer(_shown(found))


@router.delete("/schemas/{schema_id}", summary="Delete a schema with its files.")
@_explained
def delete_schema(request: HttpRequest, schema_id: str) -> HttpResponse:
    """Delete a schema; its files go with the next run."""
    saving.delete(_changeable(request, schema_id), _account(request).id)
    return HttpResponse(status=204)


@router.get("/schemas/{schema_id}/schema.yaml", summary="A schema as YAML for `vsf generate`.")
def schema_yaml(request: HttpRequest, schema_id: str) -> HttpResponse:
    """Return a schema as YAML."""
    return yaml_answer(_found(request, schema_id))


@router.get("/schemas/{schema_id}/preview", summary="The first ten rows of a file.")
@_explained
def schema_preview(request: HttpRequest, schema_id: str, rows: int = 1000, seed: int = 0) -> HttpResponse:
    """Return the first ten rows of the file of so many rows and this seed, as texts of the CSV file."""
    found = _found(request, schema_id)
    revision = found.revision
    if revision is None:
        raise SchemaRefusedError("the schema is a draft; save it first")
    columns, first = preview(found, generated_content(revision), wanted_file(rows, seed, "csv"))
    return json_answer({"columns": columns, "rows": first})


@router.post("/schemas/{schema_id}/files", summary="Generate a file.")
@_explained
def new_file(request: HttpRequest, schema_id: str, order: FileOrder) -> HttpResponseBase:
    """Answer with a small file itself (200), or ask the platform for a large one (202)."""
    found = _changeable(request, schema_id)
    wanted = wanted_file(order.rows, order.seed, order.format)
    if wanted.is_small:
        return small_file(request, found, wanted)
    made = request_file(found, _account(request), wanted)
    return json_answer({"id": made.ulid, "url": _address(found, made), "revision": made.revision.number}, 202)


@router.get("/schemas/{schema_id}/files", summary="Files that were asked for, with their states.")
def files(request: HttpRequest, schema_id: str) -> HttpResponse:
    """Return the files of a schema, the latest first."""
    found = _found(request, schema_id)
    requests = requests_of(found)
    states = states_of(requests, snapshot_if_any(request) if requests else None)
    items = [_state(found, state) for state in states]
    return _tagged(request, {"items": items, "next": None}, tag_of(states, found.ulid))


@router.get("/schemas/{schema_id}/files/{file_id}", summary="The state of a file.")
def file(request: HttpRequest, schema_id: str, file_id: str) -> HttpResponse:
    """Return the state of a file; ask again with its ETag."""
    found, made = _found(request, schema_id), _file(request, schema_id, file_id)
    (state,) = states_of([made], snapshot_if_any(request))
    return _tagged(request, _state(found, state), tag_of([state], "one"))


@router.get("/schemas/{schema_id}/files/{file_id}/content", summary="A file that is ready.")
def file_content(request: HttpRequest, schema_id: str, file_id: str) -> HttpResponseBase:
    """Return the bytes of a file."""
    answer = ready_file(request, _file(request, schema_id, file_id))
    text = "the file is not ready; its address says what it waits for, or why it failed"
    return answer or problem(409, text, type="urn:vsf:not-ready", title="The file is not ready")


def _tagged(request: HttpRequest, content: Any, tag: str) -> HttpResponse:
    response = HttpResponse(status=304) if request.headers.get("If-None-Match") == tag else json_answer(content)
    response["ETag"] = tag
    return response


def _shown(found: MadeSchema) -> dict[str, Any]:
    revision = found.revision
    return {
        "id": found.ulid,
        "name": found.name,
        "team": found.team.name,
        "revision": revision.number if revision else None,
        "state": state_of(revision),
        "columns": len(revision.content["columns"]) if revision else None,
        "modified_at": found.modified_at,
    }


def _state(found: MadeSchema, state: RequestState) -> dict[str, Any]:
    made = state.request
    is_ready = state.state == "ready"
    return {
        "id": made.ulid,
        "number": made.number,
        "file_name": made.file_name,
        "rows": made.rows,
        "seed": made.seed,
        "format": made.format,
        "revision": made.revision.number,
        "created_at": made.created_at,
        "state": state.state,
        "percent": state.percent,
        "reason": state.reason or None,
        "bytes": state.bytes,
        "sha256": state.sha256,
        "url": _address(found, made),
        "content_url": f"{_address(found, made)}/content" if is_ready else None,
    }


def _address(found: MadeSchema, made: RequestedFile) -> str:
    return f"/api/v1/schemas/{found.ulid}/files/{made.ulid}"


def _content(request: HttpRequest) -> dict[str, Any]:
    """Return the schema in the body of a request."""
    if len(request.body) > _LARGEST_BODY:
        raise SchemaError(f"the schema has more than {_LARGEST_BODY:,} bytes")
    content = from_text(request.body.decode(errors="surrogateescape"))
    if not isinstance(content, dict):
        raise SchemaError("a schema is a mapping with name and columns; see docs/made-up-files.md")
    return content


def _id(text: str) -> uuid.UUID:
    try:
        return uuid_of(text)
    except ValueError:
        raise Http404 from None


def _cursor(text: str) -> uuid.UUID:
    try:
        return uuid_of(text)
    except ValueError:
        raise WrongParameterError("after is the value of `next` of the page before") from None


def _found(request: HttpRequest, schema_id: str) -> MadeSchema:
    found = find_schema(rights_of_request(request), _id(schema_id))
    if found is None:
        raise Http404
    return found


def _changeable(request: HttpRequest, schema_id: str) -> MadeSchema:
    found = _found(request, schema_id)
    if not may_change(rights_of_request(request), found):
        raise HttpError(403, "changing schemas and generating files takes the role marketer, and a token deliver")
    return found


def _file(request: HttpRequest, schema_id: str, file_id: str) -> RequestedFile:
    found = find_request(rights_of_request(request), _id(schema_id), _id(file_id))
    if found is None:
        raise Http404
    return found


def _account(request: Any) -> User:
    asker: ApiToken | User = request.auth
    return asker.user if isinstance(asker, ApiToken) else asker
