"""Forms, requests and owners of datasets in tests of the portal.

Here: helpers, and the fixture that empties the landing zone. Not here: assertions.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import Portal

FILES = {"b.csv": "columns.csv", "first file.txt": "namespaces.csv", "Zweite.CSV": "datapoints.csv"}
"""Name as a person has it -> the file."""


@pytest.fixture
def landing(portal: Portal) -> Path:
    """Return the landing zone, which is empty when a test begins."""
    return Path(portal.settings.landing)


def uploaded(name: str, content: bytes) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, content)


def form(name: str, files: dict[str, bytes]) -> dict[str, Any]:
    """Return the plain form with files in any fields."""
    fields = ("namespaces", "columns", "datapoints", "datapoints2")
    return {"name": name} | {f: uploaded(n, c) for f, (n, c) in zip(fields, files.items(), strict=False)}


def under_other_names(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: files[kind] for name, kind in FILES.items()}


def landed(landing: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(landing)): path.read_bytes()
        for folder in ("datasets", "dataset_changes")
        for path in sorted((landing / folder).rglob("*"))
        if path.is_file()
    }


def steward(portal: Portal, team: str = "platform", name: str = "ann") -> Any:
    if team != "platform":
        allow(portal, team)
    return portal.client(portal.account(name, "steward", team=team))


def allow(portal: Portal, team: str, reads: bool = False) -> None:
    """Let a team deliver datasets, and read the platform's."""
    from vsf_assets.portal.accounts.models import Grant, Team

    found = Team.objects.get_or_create(name=team)[0]
    Grant.objects.update_or_create(team=found, feed="datasets", defaults={"may_read": reads, "may_deliver": True})


def announce(client: Any, name: str, parts: list[dict[str, Any]], **header: str) -> Any:
    body = json.dumps({"files": parts})
    return client.post(f"/api/v1/datasets/{name}/versions", body, content_type="application/json", **header)


def rows(client: Any, table: str, column: str) -> list[Any]:
    items = client.get(f"/api/v1/tables/{table.replace('.', '/')}?limit=1000").json()["items"]
    return [item[column] if column else item["namespace_id"] for item in items]


def own(portal: Portal, name: str, team: str, was: str = "") -> None:
    """Let a name belong to a team since long ago; a dataset that was renamed, under both names."""
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.datasets.models import DatasetName

    since = datetime.now(UTC) - timedelta(days=3650)
    found = Team.objects.get_or_create(name=team)[0]
    for each in filter(None, (was or name,)):
        DatasetName.objects.create(name=each, team=found, since=since)
