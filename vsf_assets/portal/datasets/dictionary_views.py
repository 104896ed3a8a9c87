"""The pages of one dataset: browsing a version, its versions, its findings, and what changed between two.

Here: what these pages are made of, and the two downloads. Not here: the list and deliveries (list_views.py), and
changes of the dataset (change_views.py).
"""

import json
import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import escape_uri_path
from django.views.decorators.http import require_safe

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.datasets import browse
from vsf_assets.portal.datasets.change_requests import described, pending_changes
from vsf_assets.portal.datasets.differences import KINDS, SUBJECTS, count_differences, differences
from vsf_assets.portal.datasets.findings import REPORT, finding_counts, finding_page, report_file
from vsf_assets.portal.datasets.found_dataset import FoundDataset, find_dataset, read_number
from vsf_assets.portal.datasets.report_names import checked_report_name, datapoints_file, default_name
from vsf_assets.portal.shared.equivalents import command, curl, options
from vsf_assets.portal.shared.error_pages import explained
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.portal.shared.sent_files import send_file
from vsf_assets.reports.dataset_rows import LEVELS, DatasetRows

_LONGEST = 1000


@dataclass(frozen=True)
class Level:
    """A level of the cascade on the page.

    Attributes:
        name: namespace, database, table or column.
        chosen: what is selected of it; empty if nothing is.
        choices: what may be selected; empty while a level above it is open.
        is_open: whether something may be selected.
        has_more: whether there are more choices than a select holds.
        without: address of the selection without this level and those below it.
    """

    name: str
    chosen: str
    choices: list[browse.Choice]
    is_open: bool
    has_more: bool
    without: str

    @property
    def parent(self) -> str:
        """The level above it; empty for the first."""
        return dict(zip(LEVELS[1:], LEVELS, strict=False)).get(self.name, "")


@require_safe
@login_required
@explained
def dictionary(request: HttpRequest, name: str, version: int | None = None) -> HttpResponse:
    """Show the selection of a version: the choices of the next level, and the data points that it has."""
    found = find_dataset(request, request.user.account_rights, name, version)
    selection = browse.read_selection(request.GET)
    earlier = {level: request.GET.get(f"was_{level}", "") for level in LEVELS}
    given = {level for level in LEVELS if request.GET.get(level)}
    if any(key.startswith("was_") for key in request.GET) or given != set(selection.names):
        kept = browse.after_change(selection, earlier) if any(k.startswith("was_") for k in request.GET) else selection
        return redirect(_address(_here(request), kept.parameters))
    return _browse_page(request, found, selection)


def _browse_page(
    request: HttpRequest, found: FoundDataset, selection: browse.CascadeSelection, error: str = ""
) -> HttpResponse:
    search, after = request.GET.get("_search", "")[:_LONGEST], request.GET.get("after", "")[:_LONGEST]
    level = selection.next_level
    path = _path(found) if error else _here(request)
    choices = browse.CascadePage([])
    if level:
        choices = browse.choices(found.snapshot, found.version, selection, level, search, "" if error else after)
    points, total = browse.CascadePage([]), None
    if selection.has_report:
        points_after = request.GET.get("after_point", "")[:_LONGEST]
        points = browse.datapoints(found.snapshot, found.version, selection, points_after)
        total = browse.count_datapoints(found.snapshot, found.version, selection)
    of_version = [("version", str(found.version.number))]
    context: dict[str, Any] = {
        **_of_dataset(found),
        "here": path,
        "selection": selection,
        "levels": [_level(found, selection, name, path) for name in LEVELS],
        "next_level": level,
        "below": browse.below(level) if level else "",
        "choices": [
            (choice, _address(path, selection.with_choice(level, choice.name).parameters) if choice.name else "")
            for choice in choices.rows
        ],
        "search": search,
        "next": _address(path, [*selection.parameters, *_search(search), ("after", choices.next)])
        if choices.next
        else "",
        "points": points.rows,
        "next_points": _address(path, [*selection.parameters, ("after_point", points.next)]) if points.next else "",
        "total": total,
        "is_first": not request.GET.get("after_point"),
        "file_name": request.GET.get("file_name", "") if error else default_name(found.name),
        "file_error": error,
        "report_address": reverse("dictionary_datapoints", args=[found.name]),
        **_same_as_browsing(found, selection, of_version),
    }
    return render(request, "datasets/browse.html", context, status=400 if error else 200)


def _level(found: FoundDataset, selection: browse.CascadeSelection, name: str, path: str) -> Level:
    above = selection.above(name)
    is_open = len(above.names) == LEVELS.index(name)
    without = _address(path, above.parameters)
    if not is_open:
        return Level(name, "", [], is_open, has_more=False, without=without)
    page = browse.choices(found.snapshot, found.version, above, name, limit=browse.IN_SELECT)
    chosen = selection.names.get(name, "")
    choices = [choice for choice in page.rows if choice.name]
    if chosen and all(chosen != choice.name for choice in choices):
        choices.insert(0, browse.Choice(chosen, "", 0))
    return Level(name, chosen, choices, is_open, has_more=bool(page.next), without=without)


def _same_as_browsing(
    found: FoundDataset, selection: browse.CascadeSelection, of_version: list[tuple[str, str]]
) -> dict[str, str]:
    parameters = [*selection.parameters, *of_version]
    words = ("--dataset", found.name, *options(parameters))
    choices = (command("report", "choices", *words), curl(f"datasets/{found.name}/choices", parameters))
    if not selection.has_report:
        return {"command": choices[0], "curl": choices[1]}
    report = command("report", "datapoints", *words, "-o", default_name(found.name))
    more = curl(f"datasets/{found.name}/datapoints.json", parameters)
    return {"command": f"{choices[0]}\n{report}", "curl": f"{choices[1]}\n{more}"}


@require_safe
@login_required
@explained
def datapoints(request: HttpRequest, name: str) -> HttpResponseBase:
    """Send the data points of a selection as JSON, under a name that the reader gives."""
    number = read_number(request.GET.get("version", ""), "version")
    found = find_dataset(request, request.user.account_rights, name, number)
    selection = browse.read_selection(request.GET)
    if not selection.has_report:
        raise WrongParameterError("a report needs a namespace and a database; select both first")
    try:
        file_name = checked_report_name(request.GET.get("file_name", default_name(name)))
    except WrongParameterError as error:
        return _browse_page(request, found, selection, str(error))
    path = datapoints_file(found.snapshot, DatasetRows(name, found.version.number, selection.of_report))
    if path is None:
        return redirect(_address(_path(found), selection.parameters))
    return send_file(request, path, file_name, "application/json", remove_after=True)


@require_safe
@login_required
@explained
def versions(request: HttpRequest, name: str) -> HttpResponse:
    """Show the versions of a dataset, and the forms that rename and delete it."""
    return versions_page(request, find_dataset(request, request.user.account_rights, name))


def versions_page(request: HttpRequest, found: FoundDataset, status: int = 200, **given: str) -> HttpResponse:
    """Return the page of versions; `given` is what a refused form held, and why it was refused."""
    numbers = [version.number for version in found.versions]
    context = {
        **_of_dataset(found),
        **given,
        "versions": [
            (version, numbers[place + 1] if place + 1 < len(numbers) else None)
            for place, version in enumerate(found.versions)
        ],
        **_same_as_versions(found),
    }
    return render(request, "datasets/versions.html", context, status=status)


def _same_as_versions(found: FoundDataset) -> dict[str, str]:
    commands = [command("query", f"from marts.dim_dataset_versions where dataset = {_sql(found.name)}")]
    lines = [curl(f"datasets/{found.name}/versions")]
    if found.may_change:
        commands += [command("dataset", "rename", found.name, "NEW_NAME"), command("dataset", "delete", found.name)]
        for word, body in (("rename", {"new_name": "NEW_NAME"}), ("delete", {"name": found.name})):
            lines.append(curl(f"datasets/{found.name}/{word}", (), "--json", visible(shlex.quote(json.dumps(body)))))
    return {"command": "\n".join(commands), "curl": "\n".join(lines)}


@require_safe
@login_required
@explained
def anomalies(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show the findings of a version."""
    found = find_dataset(request, request.user.account_rights, name, version)
    kind = request.GET.get("anomaly", "")[:_LONGEST]
    counts = finding_counts(found.snapshot, found.version)
    rows, following = finding_page(found.snapshot, found.version, found.access, kind, request.GET.get("after", ""))
    kept = [("anomaly", kind)] if kind else []
    parameters = [("version", str(version))]
    context = {
        **_of_dataset(found),
        "counts": counts,
        "total": sum(number for _, _, number in counts),
        "kind": kind,
        "rows": rows,
        "next": _address(_here(request), [*kept, ("after", following)]) if following else "",
        "is_first": "after" not in request.GET,
        "hides_values": not found.access.sees_values(name, found.version.uploaded_at),
        "command": command("report", "anomalies", "--dataset", name, *options(parameters), "-o", REPORT),
        "curl": curl(f"datasets/{name}/anomalies.csv", parameters),
    }
    return render(request, "datasets/anomalies.html", context)


@require_safe
@login_required
@explained
def report(request: HttpRequest, name: str, version: int) -> HttpResponseBase:
    """Send the findings of a version as a file."""
    found = find_dataset(request, request.user.account_rights, name, version)
    path = report_file(found.snapshot, found.version, found.access)
    return send_file(request, path, REPORT, "text/csv; charset=utf-8", remove_after=True)


@require_safe
@login_required
@explained
def changes(request: HttpRequest, name: str, version: int, old: int) -> HttpResponse:
    """Show what changed between two versions."""
    found = find_dataset(request, request.user.account_rights, name, version)
    find_dataset(request, request.user.account_rights, name, old)
    subject = request.GET.get("what", "columns")
    if subject not in SUBJECTS:
        raise WrongParameterError(f"what is one of {', '.join(SUBJECTS)}")
    counts = count_differences(found.snapshot, name, old, version)
    after = request.GET.get("after", "")[:_LONGEST]
    rows, following = differences(found.snapshot, name, old, version, subject, after)
    context = {
        **_of_dataset(found),
        "old": old,
        "counts": [(what, [(kind, counts[what][kind]) for kind in KINDS]) for what in SUBJECTS],
        "total": sum(sum(by_kind.values()) for by_kind in counts.values()),
        "subject": subject,
        "rows": rows,
        "next": _address(_here(request), [("what", subject), ("after", following)]) if following else "",
        "command": command("query", _difference_sql(name, old, version, subject)),
        "curl": curl(f"datasets/{name}/versions/{version}/changes/{old}", [("what", subject)]),
    }
    return render(request, "datasets/changes.html", context)


def _difference_sql(name: str, old: int, new: int, subject: str) -> str:
    table, key, fields = SUBJECTS[subject]
    shown = f"select {key}, {', '.join(fields)} from {table} where dataset = {_sql(name)} and version"  # noqa: S608
    return f"({shown} = {new} except {shown} = {old}) order by {key}"


def _of_dataset(found: FoundDataset) -> dict[str, Any]:
    """Return what every page of a dataset shows."""
    return {
        "dataset": found.name,
        "version": found.version,
        "version_count": len(found.versions),
        "browse_address": _path(found),
        "may_change": found.may_change,
        "pending": [described(change) for change in pending_changes(found.snapshot, found.name)],
    }


def _path(found: FoundDataset) -> str:
    return reverse("dictionary_version", args=[found.name, found.version.number])


def _address(path: str, parameters: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _here(request: HttpRequest) -> str:
    """Return the address of a request without its parameters; a name in it may hold any sign."""
    return escape_uri_path(request.path)


def _search(search: str) -> list[tuple[str, str]]:
    return [("_search", search)] if search else []


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
