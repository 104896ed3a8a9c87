"""No byte of a marked value, nor of an md5 made of one, reaches an account without the permission `personal`.

Here: every address that answers data, for every role; and that the fixture's marks are all there with the permission,
so that the search means something. Not here: which columns are declared personal, but for what the marks show.
"""

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from vsf_assets.contracts.personal import personal_names
from vsf_assets.feeds import all_feeds
from vsf_assets.portal.accounts.rights import EXPORT, RAW, READ, RIGHTS, ROLES
from vsf_assets.portal.insights.all_insights import INSIGHTS
from vsf_assets.runs.run_record import CheckFailure, recorded_run
from vsf_assets_tests.portal.dictionaries import ODD
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.world import FEEDS, MARKS, PHONES, forbidden_bytes


@pytest.fixture
def failed_runs(portal: Portal) -> Iterator[None]:
    """Let a load and a build fail with errors that quote marked values, and a file wait for the failed load."""
    from vsf_assets.portal.status import waiting_files

    file = Path(portal.settings.landing) / "2019-07-01_linedim.csv"
    file.write_bytes(b"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n")
    os.utime(file, (file.stat().st_mtime - 60,) * 2)  # before the runs, to which it was there already
    waiting_files._kept.clear()
    with recorded_run(portal.settings.home, "run-1", "ingest", [all_feeds()["lines"].family]) as run:
        run.fail(f"Could not convert string {PHONES[0]}")
    with recorded_run(portal.settings.home, "run-2", "build") as run:
        run.failed_checks.append(CheckFailure("keys_are_unique", f"the first: mtn {PHONES[1]}", "keys are unique", 2))
        run.fail(f"blocking check keys_are_unique: mtn {PHONES[1]}")
    yield
    for left in (file, *portal.settings.home.glob("runs.*")):
        left.unlink()
    waiting_files._kept.clear()


def body(answer: object) -> bytes:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return bytes(content) + repr(sorted(answer.headers.items())).encode()  # type: ignore[attr-defined]


def tables(portal: Portal) -> list[tuple[str, str]]:
    sql = "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'reports', 'raw')"
    return [(str(schema), str(name)) for schema, name in portal.world.query(sql)]


def addresses(portal: Portal, forms: tuple[str, ...]) -> Iterator[str]:
    """Yield every address that answers data of the snapshot, with exports in some formats."""
    yield from ("/", "/status/", "/data/", "/vsf/api/activity/?limit=1000", "/vsf/api/by_limit/?type=OTHER&limit=1000")
    yield "/vsf/api/by_device/?limit=1000"
    yield from (
        "/api/v1/tables",
        "/api/v1/lines/by-limit?type=OTHER&limit=1000",
        "/api/v1/activity/by-device?limit=1000",
    )
    names = "activity lines accounts limits files anomalies quality volume scores songs movies apps datasets"
    yield from (f"/api/v1/{name}?limit=1000" for name in names.split())
    for path in ("", "versions/", "versions/1/anomalies/", "versions/1/anomalies_report.csv"):
        yield f"/dictionaries/{quote(ODD)}/{path}"
    yield f"/api/v1/datasets/{quote(ODD)}/anomalies.csv"
    yield f"/api/v1/datasets/{quote(ODD)}/choices"
    yield from ("/insights/", "/scores/7/")
    for name, insight in INSIGHTS.items():
        everything = "&".join(f"{found.name}=" for found in insight.filters if found.default)
        everything += "&active=all" if name == "limited-lines" else ""
        if forms:
            yield f"/insights/{name}/?{everything}"
            yield f"/api/v1/insights/{name}?{everything}"
            yield f"/insights/{name}/figures.csv?{everything}"
    if forms:
        yield from (f"/deliveries/files/?feed={feed}" for feed in FEEDS)
        for (number,) in portal.world.query("select file_id from raw.files order by landed_at"):
            yield from (f"/deliveries/files/{number}/{end}" for end in ("", "bad-rows/", "anomalies/csv/"))
    for schema, name in tables(portal):
        for form in forms:
            yield f"/data/{schema}/{name}/export/{form}/"
        yield f"/data/{schema}/{name}/?_limit=1000"
        yield f"/api/v1/tables/{schema}/{name}?limit=1000"


def seen(
    portal: Portal, client: object, rows: int = 4, forms: tuple[str, ...] = ("csv", "parquet")
) -> Iterator[tuple[str, bytes]]:
    """Yield each address with its answer, and the pages of the rows that a list leads to."""
    for address in addresses(portal, forms):
        answer = client.get(address)  # type: ignore[attr-defined]
        assert answer.status_code in (200, 403, 404, 409), address
        content = body(answer)
        yield address, content
        if address.startswith("/data/") and "export" not in address:
            for link in sorted(set(re.findall(rb'<a href="(row/\?[^"]+)"', content)))[:rows]:
                row = address.partition("?")[0] + link.decode().replace("&amp;", "&")
                yield row, body(client.get(row))  # type: ignore[attr-defined]


@pytest.mark.usefixtures("failed_runs")
@pytest.mark.parametrize("role", ROLES)
def test_no_role_without_the_permission_meets_a_personal_value(portal: Portal, role: str) -> None:
    client = portal.client(portal.account("ann", role))
    reading = RIGHTS[role] & {READ, EXPORT, RAW}
    is_like_an_earlier_one = any(RIGHTS[r] & {READ, EXPORT, RAW} == reading for r in ROLES[: ROLES.index(role)])
    if is_like_an_earlier_one:
        answers = seen(portal, client, 0, ())
    else:
        answers = seen(portal, client) if RAW in reading else seen(portal, client, 1, ("csv",))
    forbidden = forbidden_bytes()
    found = [(a, mark) for a, content in answers for mark in forbidden if mark in content]
    assert found == []


def test_with_the_permission_every_mark_is_shown(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "engineer", personal=True))
    everything = b"".join(content for _, content in seen(portal, client, forms=("csv",)))
    missing = [mark for mark in MARKS if mark.encode() not in everything]
    assert missing == []


@pytest.mark.usefixtures("failed_runs")
def test_why_a_file_waits_quotes_the_failed_run_only_for_those_who_see_errors(portal: Portal) -> None:
    portal.grant("others", "lines")
    seen_by = {
        "engineer": portal.account("ann", "engineer", personal=True),
        "reader": portal.account("bob", "reader"),
        "reader with personal": portal.account("cat", "reader", personal=True),
        "other": portal.account("dan", "admin", team="others", personal=True),
    }
    shown = {name: portal.client(user).get("/").content.decode() for name, user in seen_by.items()}
    engineers = shown.pop("engineer")
    found = re.search(r"2019-07-01_linedim.*?</tr>", engineers, re.DOTALL)
    assert found
    assert f"the last run failed: Could not convert string {PHONES[0]}" in found[0]
    for name, page in shown.items():
        assert "2019-07-01_linedim.csv" in page, name
        assert "the last run failed; the people who run the platform see why" in page, name
        assert not any(phone in page for phone in PHONES), name


def test_every_column_with_a_marked_value_is_declared(portal: Portal) -> None:
    """Every stored column, of every table, so that a new model that passes a value on is noticed here."""
    marks = [mark.decode() for mark in forbidden_bytes()]
    undeclared = []
    with portal.world.opened() as world:
        for schema, name in tables(portal):
            (stored,) = world.execute(
                f'select list(distinct cast(columns(*) as varchar)) from {schema}."{name}"'
            ).fetchall()
            columns = [column for (column, *_) in world.execute(f'describe {schema}."{name}"').fetchall()]
            for column, values in zip(columns, stored, strict=True):
                if any(mark in value for mark in marks for value in values or () if value is not None):
                    undeclared.append((schema, name, column.lower()))
    quoting = {"raw_text", "raw_value", "reason"}
    assert [place for place in undeclared if place[2] not in {*personal_names(), *quoting}] == []
    assert {"mtn", "mdn", "line_key", "account_key", "property_value"} <= {place[2] for place in undeclared}


def test_a_pseudonym_is_equal_for_equal_values_in_every_table(portal: Portal) -> None:
    from django.conf import settings

    client = portal.client(portal.account("ann", "analyst"))
    for_events = client.get("/api/v1/activity?limit=1000").json()["items"]
    for_lines = client.get("/api/v1/lines?limit=1000").json()["items"]
    key = hmac.new(settings.VSF_PSEUDONYM_KEY, PHONES[0].encode(), "sha256").hexdigest()
    wanted = f"anon-{key[:20]}"
    assert [row["mtn"] for row in for_events].count(wanted) == 7
    assert [row["mtn"] for row in for_lines].count(wanted) == 1
    line_keys = {row["line_key"] for row in for_lines if row["mtn"] == wanted}
    assert {row["line_key"] for row in for_events if row["mtn"] == wanted} == line_keys
    assert "unknown" in {row["mtn"] for row in for_lines}


def test_a_pseudonym_filters_and_a_number_does_not(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "analyst"))
    pseudonym = client.get("/api/v1/limits?limit_type=OTHER&limit=1").json()["items"][0]["mtn"]
    found = client.get(f"/api/v1/activity?mtn={pseudonym}").json()["items"]
    assert found
    assert {row["mtn"] for row in found} == {pseudonym}
    assert client.get(f"/api/v1/activity?mtn={PHONES[0]}").json()["items"] == []


@pytest.mark.parametrize(
    "query", ["sort=mtn", "sort=-line_key", "mtn__contains=5", "mtn__min=5557770000", "mtn__max=6"]
)
def test_order_and_parts_of_personal_values_cannot_be_asked_for(portal: Portal, query: str) -> None:
    answer = portal.client(portal.account("ann", "analyst")).get(f"/api/v1/lines?{query}")
    assert answer.status_code == 400
    assert "personal data" in answer.json()["detail"]


def test_a_search_does_not_look_into_personal_columns(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "analyst"))
    assert client.get("/api/v1/lines?search=555").json()["items"] == []
    with_permission = portal.client(portal.account("bob", "analyst", personal=True))
    assert len(with_permission.get("/api/v1/lines?search=555777").json()["items"]) == 2


def test_quoted_texts_of_every_feed_need_the_permission(portal: Portal) -> None:
    """Of every feed, since a file of lines may come with the name of a file of clicks."""
    client = portal.client(portal.account("ann", "analyst"))
    shown = client.get("/api/v1/anomalies?limit=1000").json()["items"]
    assert {row["feed"] for row in shown if row["raw_text"]} >= {"clicks", "events"}
    for column in ("raw_text", "raw_value", "reason"):
        assert {row[column] for row in shown} <= {"(hidden)", None}
    assert all(row["line_number"] and row["anomaly"] for row in shown if row["feed"] == "events" and row["raw_text"])
    portal.grant("others", "clicks")
    other = portal.client(portal.account("other", "admin", team="others"))
    assert {row["raw_text"] for row in other.get("/api/v1/anomalies").json()["items"]} <= {"(hidden)", None}
    with_permission = portal.client(portal.account("bob", "analyst", personal=True))
    clicks = with_permission.get("/api/v1/anomalies?feed=clicks").json()["items"]
    assert "x,10,7" in {row["raw_text"] for row in clicks}


def test_the_team_that_delivered_a_file_sees_its_quoted_texts_and_no_other_team(portal: Portal) -> None:
    """Of its own file alone, in tables, in reports and on its receipt; personal columns stay pseudonyms."""
    for team in ("shop", "rivals"):
        portal.grant(team, *FEEDS)
    own = portal.client(portal.account("ann", "reader", team="shop"))
    rival = portal.client(portal.account("bob", "engineer", team="rivals"))
    delivery = portal.delivered("shop", "events")
    places = ("/api/v1/anomalies?limit=1000", "/data/reports/anomalies/?_limit=1000", f"/deliveries/{delivery.ulid}/")
    places += (f"/deliveries/{delivery.ulid}/anomalies/csv/",)
    for address in places:
        assert b"MARK-raw" in body(own.get(address)), address
        assert b"MARK-raw" not in body(rival.get(address)), address
    rows = own.get("/api/v1/anomalies?limit=1000").json()["items"]
    shown = {(row["feed"], row["raw_text"] == "(hidden)") for row in rows if row["raw_text"]}
    assert {("events", False), ("limits", True), ("clicks", True)} <= shown
    assert all(
        row["mtn"].startswith("anon-")
        for row in own.get("/api/v1/lines?mtn__null=no").json()["items"]
        if row["mtn"] != "unknown"
    )
    assert (
        b"MARK-raw" in body(own.get("/data/raw/findings/?_limit=1000"))
        or own.get("/data/raw/findings/").status_code == 404
    )


def test_thousands_of_deliveries_make_no_query_longer_and_no_kept_answer_useless(portal: Portal) -> None:
    from vsf_assets.portal.data.access import Access
    from vsf_assets.portal.data.masking import seen_source
    from vsf_assets.portal.data.table_catalog import catalog_of
    from vsf_assets.portal.shared.open_pool import pool

    portal.grant("shop", *FEEDS)
    rights = portal.account("ann", "reader", team="shop").account_rights
    ((digest, numbers),) = portal.world.query(
        "select sha256, string_agg(file_id::varchar, ' ' order by file_id) from raw.files"
        " where sha256 = (select arg_max(sha256, landed_at) from raw.files where feed = 'events') group by 1"
    )
    others = frozenset(hashlib.sha256(b"%d" % n).hexdigest() for n in range(20_000))
    with pool().current() as snapshot:

        def seen(table: str, delivered: frozenset[str]) -> tuple[str, dict[str, Any]]:
            access = Access(rights)
            vars(access)["delivered"] = delivered
            return seen_source(snapshot, catalog_of(snapshot)[table], access)

        for table in ("reports.anomalies", "raw.files"):
            few, many = seen(table, frozenset({str(digest)})), seen(table, others | {str(digest)})
            assert few == many
            assert many[1]["own_files"] == numbers
            none = seen(table, others)
            assert none == seen(table, frozenset())
        source, values = seen("reports.anomalies", others | {str(digest)})
        quoted = snapshot.kept(f"select count(*) from {source} where raw_text like '%MARK-raw%'", values).rows
        assert quoted[0][0] > 0
        assert all(len(str(key)) < 5_000 for key in snapshot._answers)


def key_of(portal: Portal, what: str) -> bytes:
    """Return the key of an order."""
    from django.conf import settings

    file = (portal.world.snapshots / "current.duckdb").resolve()
    name = f"{what} in {file.name}, {file.stat().st_mtime}"
    return hmac.digest(settings.VSF_PSEUDONYM_KEY, name.encode(), "sha256")


def keyed_order(portal: Portal, table: str) -> list[int]:
    """Return the places of a table's rows in the order that readers of pseudonyms get, by Feistel's network."""
    ((rows,),) = portal.world.query(f"select count(*) from {table}")
    assert isinstance(rows, int)
    assert rows < 2**16
    drawn = hashlib.shake_256(key_of(portal, f"rows of {table}")).digest(10 * 256 * 2)
    tables = [[drawn[2 * (256 * turn + place)] for place in range(256)] for turn in range(10)]

    def shown(place: int) -> int:
        left, right = divmod(place, 256)
        for table in tables:
            left, right = right, left ^ table[right]
        return left * 256 + right

    return sorted(range(rows), key=shown)


def exported_order(portal: Portal, table: str, rows: int) -> list[int]:
    """Return the places of a table's rows in the order in which those readers export them."""
    key = key_of(portal, f"exported rows of {table}")
    return sorted(range(rows), key=lambda row: hashlib.sha256(key + str(row).encode()).hexdigest()[:15])


def test_pseudonyms_come_in_an_order_that_tells_nothing_about_the_values(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "analyst"))
    stored = [
        event for (event,) in portal.world.query("select event_uuid from marts.fct_activity_events order by rowid")
    ]
    wanted = [stored[row] for row in keyed_order(portal, "marts.fct_activity_events")]
    rows, after = [], ""
    while True:
        answer = client.get(f"/api/v1/activity?limit=4&after={after}").json()
        rows += answer["items"]
        after = answer["next"]
        if not after:
            break
        assert len(json.loads(base64.urlsafe_b64decode(after + "=="))) == 2
    assert [row["event_uuid"] for row in rows] == wanted != stored
    sorted_by_date = client.get("/api/v1/activity?sort=event_date&limit=1000").json()["items"]
    assert [row["event_uuid"] for row in sorted_by_date] == [
        row["event_uuid"] for row in sorted(rows, key=lambda row: str(row["event_date"]))
    ]
    export = body(client.get("/data/marts/fct_activity_events/export/csv/")).decode()
    exported = exported_order(portal, "marts.fct_activity_events", len(stored))
    places = [export.index(str(stored[place])) for place in exported]
    assert places == sorted(places)
    old = client.get("/vsf/api/activity/?limit=1000").json()["results"]
    assert [row["MTN"] for row in old] == [row["mtn"] for row in rows]
    assert [row["id"] for row in old] == sorted(row["id"] for row in old) != list(range(1, len(stored) + 1))
    with_permission = portal.client(portal.account("bob", "analyst", personal=True))
    as_stored = with_permission.get("/api/v1/activity?limit=1000").json()["items"]
    assert [row["event_uuid"] for row in as_stored] == stored


def test_lines_are_not_listed_by_their_numbers(portal: Portal) -> None:
    stored = [str(mtn) for (mtn,) in portal.world.query("select mtn from marts.dim_lines order by rowid")]
    from django.conf import settings

    def pseudonym(value: str) -> str:
        return f"anon-{hmac.new(settings.VSF_PSEUDONYM_KEY, value.encode(), 'sha256').hexdigest()[:20]}"

    wanted = [stored[row] for row in keyed_order(portal, "marts.dim_lines")]
    client = portal.client(portal.account("ann", "reader"))
    shown = [row["mtn"] for row in client.get("/api/v1/lines?limit=1000").json()["items"]]
    assert shown == [value if value == "unknown" else pseudonym(value) for value in wanted]


def test_a_token_shows_personal_data_only_by_its_scope(portal: Portal) -> None:
    user = portal.account("ann", "analyst", personal=True)
    without, with_scope = portal.token(user, "read"), portal.token(user, "read", "personal")
    assert "anon-" in portal.client().get("/api/v1/lines?limit=1", **without).content.decode()
    assert "anon-" not in portal.client().get("/api/v1/lines?limit=1", **with_scope).content.decode()
    stranger = portal.token(portal.account("bob", "analyst"), "read", "personal")
    assert "anon-" in portal.client().get("/api/v1/lines?limit=1", **stranger).content.decode()
