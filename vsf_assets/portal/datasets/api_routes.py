"""The addresses `/api/v1/datasets`: lists, reports, deliveries, and changes of datasets.

Here: parameters and answers. A new address needs a line in the matrix of rights (vsf_assets_tests/portal/matrix.py).
Not here: what they answer with (the modules beside), and the API itself (api/routes.py).
"""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Field, File, Query, Router, Schema
from ninja.errors import HttpError
from ninja.files import UploadedFile

from vsf_assets.common.ulids import ulid_of, uuid_of
from vsf_assets.portal.accounts.models import ApiToken, User
from vsf_assets.portal.api.authentication import rights_of_request
from vsf_assets.portal.api.list_answers import DEFAULT, json_answer
from vsf_assets.portal.data.table_query import LARGEST_PAGE
from vsf_assets.portal.datasets import browse, change_requests
from vsf_assets.portal.datasets.arrivals import find_arrival, readable_version
from vsf_assets.portal.datasets.change_requests import ChangeRefusedError
from vsf_assets.portal.datasets.differences import SUBJECTS, differences
from vsf_assets.portal.datasets.findings import REPORT, report_file
from vsf_assets.portal.datasets.found_dataset import FoundDataset, find_dataset, snapshot_if_any
from vsf_assets.portal.datasets.ownership import NameNotAvailableError, dataset_access, team_for
from vsf_assets.portal.datasets.report_names import datapoints_file, default_name
from vsf_assets.portal.datasets.uploading import FileToSend, begin_dataset, send_dataset
from vsf_assets.portal.datasets.versions import list_datasets
from vsf_assets.portal.deliveries.begin import UploadRefusedError
from vsf_assets.portal.shared.problems import problem
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.portal.shared.sent_files import send_file
from vsf_assets.reports.dataset_rows import LEVELS, DatasetRows

router = Router(tags=["datasets"])


class PageParameters(Schema):
    """Parameters of a list."""

    limit: int = Field(DEFAULT, ge=1, le=LARGEST_PAGE)
    after: str = ""
    search: str = ""


class Selected(Schema):
    """A selection of a version; the report takes several names of a level, `choices` the first."""

    version: int | None = None
    namespace: list[str] = Field([])
    database: list[str] = Field([])
    table: list[str] = Field([])
    column: list[str] = Field([])

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Level -> the selected names."""
        given = {level: tuple(getattr(self, level)) for level in LEVELS}
        return {level: names for level, names in given.items() if names}


class AnnouncedPart(Schema):
    """One of the three files: its kind, the sender's name for it, and its size in bytes."""

    kind: str
    file_name: str
    bytes: int = Field(ge=0)


class AnnouncedVersion(Schema):
    """The three files of a version."""

    files: list[AnnouncedPart]


class NewName(Schema):
    """The name after a rename."""

    new_name: str


class TypedName(Schema):
    """The name of the dataset, as a confirmation."""

    name: str


@router.get("/datasets", summary="Datasets that may be read, with their versions.", operation_id="datasets")
def datasets(request: HttpRequest, page: Query[PageParameters]) -> HttpResponse:
    """Return a page of the datasets, by name."""
    snapshot = request.snapshot()  # type: ignore[attr-defined]
    access = dataset_access(rights_of_request(request), snapshot)
    if not (access.reads_all or access.reads_platform or access.own_names):
        raise Http404
    found, following = list_datasets(snapshot, access, page.search, page.after, page.limit)
    return _list([vars(line) for line in found], following, snapshot.number)


@router.get("/datasets/{name}/versions", summary="Versions of a dataset, the latest first.")
def dataset_versions(request: HttpRequest, name: str) -> HttpResponse:
    """Return the versions of a dataset."""
    found = find_dataset(request, rights_of_request(request), name)
    return _list([_version(version) for version in found.versions], "", found.snapshot.number)


@router.get("/datasets/{name}/versions/{version}/changes/{old}", summary="What changed since another version.")
def dataset_changes(
    request: HttpRequest, name: str, version: int, old: int, page: Query[PageParameters], what: str = "columns"
) -> HttpResponse:
    """Return a page of the columns, data points or namespaces that differ between two versions."""
    found = find_dataset(request, rights_of_request(request), name, version)
    find_dataset(request, rights_of_request(request), name, old)
    if what not in SUBJECTS:
        raise WrongParameterError(f"what is one of {', '.join(SUBJECTS)}")
    rows, following = differences(found.snapshot, name, old, version, what, page.after, page.limit)
    items = [
        {"key": row.key, "kind": row.kind, "fields": {field: [before, after] for field, before, after in row.fields}}
        for row in rows
    ]
    return _list(items, following, found.snapshot.number)


@router.get("/datasets/{name}/choices", summary="The next level of choices, with counts.")
def dataset_choices(
    request: HttpRequest, name: str, selected: Query[Selected], page: Query[PageParameters]
) -> HttpResponse:
    """Return a page of namespaces, databases, tables or columns below a selection, or of data points below a column."""
    found = find_dataset(request, rights_of_request(request), name, selected.version)
    names = {level: given[0] for level, given in selected.names.items()}
    selection = browse.read_selection(names)
    if set(selection.names) != set(names):
        raise WrongParameterError("a selection begins with a namespace; then come database, table and column")
    level, arguments = selection.next_level, (found.snapshot, found.version, selection)
    if not level:
        points = browse.datapoints(*arguments, page.after, page.limit)
        return _list(points.rows, points.next, found.snapshot.number, level="data point")
    choices = browse.choices(*arguments, level, page.search, page.after, page.limit)
    items = [
        {"name": choice.name, "title": choice.title or None, "count": choice.count, "of": browse.below(level)}
        for choice in choices.rows
    ]
    return _list(items, choices.next, found.snapshot.number, level=level)


@router.get("/datasets/{name}/datapoints.json", summary="Data points of a selection, as the report.")
def dataset_datapoints(request: HttpRequest, name: str, selected: Query[Selected]) -> HttpResponseBase:
    """Return the data point report, byte for byte as `vsf report datapoints` writes it."""
    found = find_dataset(request, rights_of_request(request), name, selected.version)
    if not (selected.namespace and selected.database):
        raise WrongParameterError("a report needs a namespace and a database: ?namespace=…&database=…")
    path = datapoints_file(found.snapshot, DatasetRows(name, found.version.number, selected.names))
    if path is None:
        return problem(404, "No data point has been found for this selection")
    return send_file(request, path, default_name(name), "application/json", remove_after=True)


@router.get("/datasets/{name}/anomalies.csv", summary="Findings of a version: anomalies_report.csv.")
def dataset_anomalies(request: HttpRequest, name: str, version: int | None = None) -> HttpResponseBase:
    """Return the findings of the newest version, complete or not, or of another."""
    found = find_dataset(request, rights_of_request(request), name, version, newest=True)
    path = report_file(found.snapshot, found.version, found.access)
    return send_file(request, path, REPORT, "text/csv; charset=utf-8", remove_after=True)


@router.post(
    "/datasets/{name}/files",
    summary="Deliver the three files, of up to 1 MB together, in one request.",
)
def send_files(request: HttpRequest, name: str, files: File[list[UploadedFile]]) -> HttpResponse:
    """Deliver a version; the files are told apart by their headers, whatever their names."""
    given = [(file.name or "", file.read()) for file in files]
    try:
        group = send_dataset(_account(request), rights_of_request(request), snapshot_if_any(request), name, given)
    except UploadRefusedError as error:
        return problem(error.status, error.detail, **error.members)
    return json_answer({"id": ulid_of(group), "url": f"/api/v1/dataset-uploads/{ulid_of(group)}"}, 201)


@router.post("/datasets/{name}/versions", summary="Begin a delivery of three files of any size.")
def begin_version(request: HttpRequest, name: str, announced: AnnouncedVersion) -> HttpResponse:
    """Return where to PUT each file; the files get their names together when the last one is complete."""
    files = {
        f"{file.kind.removesuffix('.csv')}.csv": FileToSend(file.file_name, file.bytes) for file in announced.files
    }
    try:
        if len(files) != len(announced.files):
            raise UploadRefusedError(422, "two files are of one kind; send one of each")
        begun = begin_dataset(_account(request), rights_of_request(request), snapshot_if_any(request), name, files)
    except UploadRefusedError as error:
        return problem(error.status, error.detail, **error.members)
    group = ulid_of(begun[0].delivery.group)
    uploads = [
        {"kind": _kind(upload.delivery.path), "id": upload.delivery.ulid, "url": upload.url, "token": upload.token}
        for upload in begun
    ]
    return json_answer({"id": group, "url": f"/api/v1/dataset-uploads/{group}", "uploads": uploads}, 201)


@router.get("/dataset-uploads/{upload}", summary="What became of a delivery of a dataset.")
def dataset_upload(request: HttpRequest, upload: str) -> HttpResponse:
    """Return the state of a delivery, and the version that it became."""
    try:
        group = uuid_of(upload)
    except ValueError:
        raise Http404 from None
    rights, snapshot = rights_of_request(request), snapshot_if_any(request)
    found = find_arrival(rights, group, snapshot)
    if found is None:
        raise Http404
    version = readable_version(found, dataset_access(rights, snapshot))
    return json_answer(
        {
            "dataset": found.name,
            "state": found.state,
            "reason": found.why or None,
            "version": version.number if version else None,
            "is_repeat": found.is_repeat,
            "findings": version.findings if version else None,
            "first_snapshot": found.first_snapshot,
            "seconds": found.seconds,
            "files": {
                _kind(delivery.path): {"id": delivery.ulid, "sha256": delivery.sha256 or None, "bytes": delivery.size}
                for delivery in found.deliveries
            },
        }
    )


@router.post("/datasets/{name}/rename", summary="Rename a dataset with the next run.")
def rename_dataset(request: HttpRequest, name: str, given: NewName) -> HttpResponse:
    """Land the record of a rename."""
    found, team = _changeable(request, name)
    try:
        change = change_requests.rename(found.snapshot, name, given.new_name, team, _account(request).id)
    except (ChangeRefusedError, NameNotAvailableError) as error:
        return problem(409, str(error))
    return json_answer({"dataset": name, "new_name": change.new_name, "takes_effect": "with the next run"}, 202)


@router.post("/datasets/{name}/delete", summary="Delete a dataset with the next run.")
def delete_dataset(request: HttpRequest, name: str, given: TypedName) -> HttpResponse:
    """Land the record of a deletion."""
    found, team = _changeable(request, name)
    if given.name != name:
        return problem(422, "the name in the body is not that of the dataset; nothing was deleted")
    try:
        change_requests.delete(found.snapshot, name, team, _account(request).id)
    except (ChangeRefusedError, NameNotAvailableError) as error:
        return problem(409, str(error))
    return json_answer({"dataset": name, "takes_effect": "with the next run"}, 202)


def _changeable(request: HttpRequest, name: str) -> tuple[FoundDataset, uuid.UUID]:
    """Return a dataset that may be changed, and the id of the team for which it is."""
    rights = rights_of_request(request)
    found = find_dataset(request, rights, name)
    team = team_for(rights, name, found.snapshot) if found.may_change else None
    if team is None:
        raise HttpError(403, "your role does not let you change this dataset; it takes the role steward in its team")
    return found, team.team


def _account(request: Any) -> User:
    asker: ApiToken | User = request.auth
    return asker.user if isinstance(asker, ApiToken) else asker


def _version(version: Any) -> dict[str, Any]:
    return {key: value for key, value in vars(version).items() if key != "dataset"}


def _kind(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".csv")


def _list(items: list[Any], following: str, snapshot: int, **members: Any) -> HttpResponse:
    return json_answer({"items": items, "next": following or None, "snapshot": snapshot, **members})
