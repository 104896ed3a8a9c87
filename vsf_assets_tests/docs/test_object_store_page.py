"""The page about object stores: its SQL opens a snapshot, its permissions allow what the platform does.

Not here: links and settings of the pages (test_pages.py, test_settings_pages.py).
"""

import json
import re
from pathlib import Path

import duckdb

from vsf_assets.common.duckdb_extensions import extension_file
from vsf_assets.publish.publish import publish
from vsf_assets_tests.docs.pages import blocks, text_of
from vsf_assets_tests.engines import needs_httpfs
from vsf_assets_tests.object_server import KEY, SECRET, Bucket
from vsf_assets_tests.objects.homes import EngineHome
from vsf_assets_tests.warehouses import clicks

PAGE = text_of("docs/object-store.md")
ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}


@needs_httpfs
def test_the_page_s_sql_opens_a_snapshot(bucket: Bucket, tmp_path: Path) -> None:
    home = EngineHome(tmp_path, bucket)
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    with home.warehouse.lock("publish"):
        publish(home.warehouse, 42)
    (sql,) = blocks(PAGE, "sql")
    for reported, here in {
        "/path/to/httpfs.duckdb_extension": str(extension_file("httpfs")),
        "my-key": KEY,
        "my-secret": SECRET,
        "store.example.org": bucket.server.endpoint.removeprefix("http://"),
        "USE_SSL true": "USE_SSL false",
        "s3://data-platform/snapshots": home.settings.snapshots,
        "FROM reports.files": "SELECT count(*) FROM raw.files",  # nothing is built here
    }.items():
        assert reported in sql
        sql = sql.replace(reported, here)
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        answers = [connection.execute(statement).fetchall() for statement in re.split(r";[^\n]*\n", sql) if statement]
    assert answers[2] == [("vsf-42.duckdb",)]
    assert answers[-1] == [(1,)]


@needs_httpfs
def test_the_permissions_cover_what_the_platform_does(bucket: Bucket, tmp_path: Path) -> None:
    platform, analysts = (json.loads(block)["Statement"] for block in blocks(PAGE, "json"))
    allowed = {
        (place.split("/")[1], action)
        for statement in platform[1:]
        for place in [statement["Resource"]]
        for action in statement["Action"]
    }
    home = EngineHome(tmp_path, bucket)
    for number in (1, 2):
        home.land("clicks_1.csv", clicks(number), number)
        home.ingest()
        with home.warehouse.lock("publish"):
            publish(home.warehouse, number)
    done = {
        (r.path.split("/")[2], ACTIONS[r.method])
        for r in bucket.server.log
        if "list-type" not in r.query and r.path.count("/") > 1
    }
    assert done <= allowed
    assert ("archive", "s3:DeleteObject") not in allowed
    assert analysts[0]["Action"] == "s3:GetObject"
