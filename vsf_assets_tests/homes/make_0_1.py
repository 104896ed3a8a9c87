"""How `home_0_1.tar.xz` was made: a small home of release 0.1, with deliveries that later releases read otherwise.

Run it with the Python of an environment in which that release is installed:

    python vsf_assets_tests/homes/make_0_1.py /path/to/bin/vsf home_0_1.tar.xz

Here: the deliveries and the packing. Not here: what a later release makes of them (cli/test_earlier_home.py). It
imports nothing of the project, since it runs with an earlier one. Of the warehouse only the schema `raw` is kept: the
marts are built again, and would take megabytes.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import duckdb

START = 1767614400
"""2026-01-05 12:00:00 UTC; a delivery lands so many minutes later as its place in the list says."""

EVENT_COLUMNS = (
    "mdn|app|amplitude_id|device_id|user_id|event_time|client_event_time|client_upload_time|server_upload_time|event_id"
    "|session_id|event_type|amplitude_event_type|version_name|os_name|os_version|device_brand|device_manufacturer"
    "|device_model|device_carrier|country|language|location_lat|location_lng|ip_address|event_properties|user_properties"
    "|region|city|dma|device_family|device_type|platform|uuid|paying|start_version|user_creation_time|library|idfa|adid"
)
CLICKS = "click_id,banner_id,campaign_id\n"
LINES = "MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n"


def event(uuid: str, time: str, **fields: str) -> str:
    """Return a record of events."""
    given = {"uuid": uuid, "event_time": time, "event_type": "app_open", "mdn": "5551000001", **fields}
    return "|".join(given.get(name, "") for name in EVENT_COLUMNS.split("|"))


def events(*records: str, end: str = "\n") -> bytes:
    """Return a gzip file of events."""
    return gzip.compress(end.join([EVENT_COLUMNS, *records, ""]).encode(), mtime=0)


def record(kind: str, **data: object) -> dict[str, object]:
    """Return a record of a catalog."""
    return {"type": kind, "data": data}


def movie(title: str, budget: int) -> dict[str, object]:
    """Return a film of one day."""
    return record(
        "movie", original_title=title, original_language="hi", budget=budget, is_adult=False, release_date="2025-07-18"
    )


DAY = events(
    event("e1", "2019-05-20 03:46:02.000", event_properties='"{\\"k\\":97}"'),
    event("e2", "9999-12-31 00:00:00.000"),
    event("e3", "0001-01-01 00:00:00.000"),
    event("e4", "2016-12-31 23:59:60"),
    event("e5", "2019-05-20 23:59:60"),
    event("e1", "2019-05-20 03:46:02.000", event_properties='"{\\"k\\":97}"'),
    event("e6", "2019-05-21 01:00:00.000", mdn="5559999999", event_type="NULL"),
    event("e7", "2019-05-20 05:00:00.000", city="back\\"),
    event("e8", "2019-05-20 06:00:00.000"),
    event("e9", "late"),
)
DATASET = {
    "namespaces.csv": "namespace_id,namespace_option_name,namespace_option_standard_name\n"
    " ns-3 ,Fund,fund\nns-4,Bond,b\n",
    "columns.csv": "sep=;\nColumn_ID;Namespace_ID ;dataset_database_name;dataset_table_name;dataset_column_name;"
    "data_point_id;dataset_owner_name\nc-1;ns-3;db;t;col;dp-1;Some Owner\n;;;;;;\n",
    "datapoints.csv": "data_point_id,data_point_name,data_point_standard_name,approved_abreviations,"
    "data_point_definition,applicable_data_universes,applicable_domicile,data_type,data_point_possible_values,"
    "is_derived,methodology_reference\n"
    "dp-1,One,one,a|b,first,,,text,,TRUE,\n,,,,,,,,,,\n",
}
FILES: list[tuple[str, bytes]] = [
    ("2019-05-20_cohort.txt.gz", DAY),
    ("2019-05-20_cohort_again.txt.gz", DAY),
    ("2019-05-21_crlf.txt.gz", events(event("f1", "2019-05-21 01:00:00.000", adid="x"), end="\r\r\n")),
    ("2019-05-22_cut.txt.gz", DAY[:-30]),
    (
        "linedim.csv",
        (LINES + "5551000001,APPLE,Retail,2019-04-01\n,,,\n5551000002,ANDROID,Direct,9999-12-31\n").encode(),
    ),
    ("order_lines.csv", (LINES + "5551000003,ANDROID,Indirect,2019-04-01\n").encode()),
    ("9999-01-01_linedim.csv", (LINES + "5551000001,ANDROID,Retail,2019-04-01\n").encode()),
    ("accountdim.csv", b"CUST_ACCT,SEGMENT_NAME,SVC_PLAN\r\r\nACCT00001,Old,Gold\r\r\nACCT00002,NULL,\\N\r\r\n"),
    ("2019-06-01_accountdim.csv", b"CUST_ACCT,SEGMENT_NAME,SVC_PLAN\nACCT00001,W\xe4hrung,Gold\nACCT00002,  ,Basic\n"),
    ("accounts_utf16.csv", "CUST_ACCT,SEGMENT_NAME,SVC_PLAN\nACCT00003,A,B\n".encode("utf-16")),
    (
        "limitfact.csv",
        b"MTN,CUST_ACCT,LIMITING_DT,LIMIT_TYPE\n5551000001,ACCT00001,2019-05-01,USG\n"
        b"5551000001,ACCT00002,9999-12-31,USG\n5551000002,ACCT00009,2019-05-02,N/A\n",
    ),
    ("impressions_1.csv", b"banner_id,campaign_id\n10,100\n20,100\n10,100\n,\n"),
    ("clicks_1.csv", (CLICKS + "1,10,100\n2,20,100\n,,\n3,30,100\n3,30,100\nx,1,1\n").encode()),
    ("clicks_1_again.csv", (CLICKS + "1,10,100\n2,20,100\n,,\n3,30,100\n3,30,100\nx,1,1\n").encode()),
    ("clicks_2.csv", (CLICKS + "1,10,100\r\r\n2,20,100\r\r\n").encode()),
    ("clicks_2_odd.csv", "click_id,banner_id,campaign_id\u00a0,\n5,10,100,\n".encode()),
    ("clicks_3.csv", b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n"),
    ("conversions_1.csv", b"conversion_id,click_id,revenue\n1,1,2.500000\n2,99,1.000000\n\n"),
    *((f"datasets/steward/{name}", text.encode()) for name, text in DATASET.items()),
    ("datasets/half/namespaces.csv", DATASET["namespaces.csv"].replace("Fund", "W\xe4hrung").encode("cp1252")),
    ("people.schema.yaml", b"name: people\ncolumns:\n  - {name: id, type: Integer, from: 1, to: 9}\n"),
    ("people_3.request.yaml", b"schema: people\nrows: 3\nseed: 1\n"),
    ("nobody_3.request.yaml", b"schema: nobody\nrows: 3\n"),
]
OBJECTS = {
    "a.data": [movie("सैयारा", 1), movie("सियार", 2), movie("Ame\u0301lie", 3), movie("???", 4)],
    "b.data": [
        record("song", artist_name="A|B", title="C", year=2001, release="R"),
        record("song", artist_name="A", title="B|C", year=2002, release="R"),
        record("app", name="N", genre="G", rating=4, version="1", size_bytes=5),
        record("app", name="N", genre=None, rating=4, version="2", size_bytes=5),
        record("book", title="B"),
    ],
}


def land(home: Path) -> None:
    """Put the deliveries into the landing zone of a home."""
    landing = home / "landing"
    for minute, (name, content) in enumerate(FILES):
        target = landing / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        at = START + 60 * minute
        os.utime(target, (at, at))
    (landing / "catalog").mkdir()
    (landing / "catalog" / "files_list.data").write_text("\n".join([*OBJECTS, "gone.data", ""]))
    for name, records in OBJECTS.items():
        (landing / "catalog" / name).write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")


def keep_raw(warehouse: Path, target: Path) -> None:
    """Copy the raw tables of a warehouse into a file of its own."""
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach '{warehouse}' as old (read_only)")
        connection.execute("create schema raw")
        tables = connection.execute(
            "select table_name, sql from duckdb_tables() where database_name = 'old' and schema_name = 'raw' order by 1"
        ).fetchall()
        for name, sql in tables:
            connection.execute(sql)
            connection.execute(f"insert into raw.{name} select * from old.raw.{name}")


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member without the names of those who made it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def main(vsf: str, packed: str) -> None:
    """Make the home with an earlier release's `vsf` and pack it."""
    with tempfile.TemporaryDirectory() as folder:
        home, small = Path(folder) / "made", Path(folder) / "home"
        land(home)
        settings = {"VSF_HOME": str(home), "VSF_SETTLE_SECONDS": "0", "VSF_DATASET_WAIT_SECONDS": "0"}
        subprocess.run([vsf, "run"], env={**os.environ, **settings}, check=True)
        for name in ("archive", "landing", "made"):
            if (home / name).exists():
                shutil.copytree(home / name, small / name)
        (small / "warehouse").mkdir()
        keep_raw(home / "warehouse" / "warehouse.duckdb", small / "warehouse" / "warehouse.duckdb")
        with tarfile.open(packed, "w:xz", preset=9) as archive:
            archive.add(small, arcname=".", filter=_of_nobody)


if __name__ == "__main__":
    main(*sys.argv[1:])
