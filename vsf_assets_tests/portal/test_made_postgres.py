"""Schemas and requests with their state in PostgreSQL: drafts, revisions, and several threads that save at once.

Here: the one way through a real server, in a process of its own. Not here: what is refused and shown
(test_made_files.py).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.portal.test_postgres import database, pytestmark

__all__ = ["database", "pytestmark"]
pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'vsf-assets[postgres]'")

STEPS = """
from concurrent.futures import ThreadPoolExecutor
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.config import set_up
from vsf_assets.portal.serve import prepare
settings = read_settings()
prepare(settings, lambda _: None)
from django.db import connection, connections
from vsf_assets.portal.accounts.account_changes import create_account, platform_team
from vsf_assets.portal.made import saving
from vsf_assets.portal.made.file_requests import WantedFile, preview, request_file, requests_of
from vsf_assets.portal.made.models import MadeSchema, RequestedFile, SchemaRevision
assert connection.vendor == "postgresql"
ann, team = create_account("ann", "three old words here"), platform_team()
columns = [{"name": "id", "type": "Sequence"}, {"name": "name", "type": "Full Name", "locale": "ja_JP"}]
draft = {"name": "customers", "columns": columns}

def together(do, count=6):
    def one(number):
        while True:
            try:
                return do(number)
            except saving.SchemaRefusedError as error:
                if error.status != 503:  # the machine is busy: the portal says to try again
                    return error.status
            finally:
                connections.close_all()
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))

made = together(lambda _: saving.new_schema(team.pk, ann.id, draft))
assert sorted(map(str, (found for found in made if found == 409))) == ["409"] * 5, made
(schema,) = MadeSchema.objects.all()
saving.keep_draft(schema, {**draft, "columns": columns[:1]}, ann.id)
assert MadeSchema.objects.get().draft["columns"] == columns[:1]  # JSON keeps the order of a list
saving.keep_draft(schema, draft, ann.id)

def save(number):
    found = MadeSchema.objects.get(pk=schema.pk)
    last = {"name": "n", "type": "Constant", "value": f"{number} \\u00e9\\u4e2d"}
    found.draft = {**draft, "columns": [*columns, last]}
    return saving.save(found, ann.id).number

saved = together(save)
assert sorted(saved) == [1, 2, 3, 4, 5, 6], saved
assert SchemaRevision.objects.filter(landed_at=None).count() == 0

def ask(_):
    return request_file(MadeSchema.objects.get(pk=schema.pk), ann, WantedFile(200_000, 2**63 - 1)).number

requested = together(ask)
assert sorted(requested) == [1, 2, 3, 4, 5, 6], requested
assert len({request.name for request in requests_of(schema)}) == 6
latest = MadeSchema.objects.get(pk=schema.pk).revision
header, rows = preview(schema, saving.generated_content(latest), WantedFile(3))
assert (header, len(rows)) == (["id", "name", "n"], 3)
saving.delete(schema, ann.id)
assert len(list((settings.home / "landing" / "fake_schemas").glob("*-deleted*"))) == 6
assert RequestedFile.objects.filter(revision__schema__deleted_at=None).count() == 0
saving.new_schema(team.pk, ann.id, draft)  # the name is free again
print("well")
"""


def test_schemas_and_requests_live_in_a_real_server(database: str, tmp_path: Path) -> None:
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VSF_")},
        "VSF_HOME": str(tmp_path / "home"),
        "VSF_PORTAL_DATABASE": database,
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", STEPS], env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
