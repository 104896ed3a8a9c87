"""No byte of a marked value, nor of an md5 made of one, reaches an account without the permission `personal`.

Here: every address that answers data, for every role; and that the fixture's marks are all there with the permission,
so that the search means something. Not here: which columns are declared personal, but for what the marks show.
"""

import hmac
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets.contracts.personal import personal_names
from vsf_assets.feeds import all_feeds
from vsf_assets.portal.accounts.rights import EXPORT, RAW, READ, RIGHTS, ROLES
from vsf_assets.runs.run_record import CheckFailure, recorded_run
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.world import MARKS, PHONES, forbidden_bytes


@pytest.fixture
def failed_runs(portal: Portal) -> Iterator[None]:
    """Let a load and a build fail with errors that quote marked values, and a file wait for the failed load."""
    from vsf_assets.portal.status import waiting_files

    file = Path(portal.settings.landing) / "2019-07-01_linedim.csv"
    file.write_bytes(b"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n")
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
        assert answer.status_code in (200, 403, 404), address
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
    found = [(a, mark) for a, content in answers for mark in forbidden_bytes() if mark in content]
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
    assert f"the last run failed: Could not convert string {PHONES[0]}" in shown.pop("engineer")
    for name, page in shown.items():
        assert "2019-07-01_linedim.csv" in page, name
        assert "the last run failed; the people who run the platform see why" in page, name
        assert not any(phone in page for phone in PHONES), name


def test_every_column_with_a_marked_value_is_declared(portal: Portal) -> None:
    """Every stored column, of every table, so that a new model that passes a value on is noticed here."""
    marks = [mark.decode() for mark in forbidden_bytes()]
    undeclared = []
    for schema, name in tables(portal):
        columns = portal.world.query(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ?", schema, name
        )
        for (column,) in columns:
            sql = f'select distinct cast("{column}" as varchar) from {schema}."{name}" where "{column}" is not null'
            values = [str(value) for (value,) in portal.world.query(sql)]
            if any(mark in value for mark in marks for value in values):
                undeclared.append((schema, name, str(column).lower()))
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


def test_findings_of_other_feeds_keep_their_texts(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "analyst"))
    shown = client.get("/api/v1/anomalies?limit=1000").json()["items"]
    of_clicks = [row for row in shown if row["feed"] == "clicks" and row["raw_text"]]
    of_events = [row for row in shown if row["feed"] == "events" and row["raw_text"]]
    assert [row["raw_text"] for row in of_clicks] == ["x,10,7"]
    assert of_events
    assert {row["raw_text"] for row in of_events} == {"(hidden)"}
    assert all(row["line_number"] and row["anomaly"] for row in of_events)


def test_a_token_shows_personal_data_only_by_its_scope(portal: Portal) -> None:
    user = portal.account("ann", "analyst", personal=True)
    without, with_scope = portal.token(user, "read"), portal.token(user, "read", "personal")
    assert "anon-" in portal.client().get("/api/v1/lines?limit=1", **without).content.decode()
    assert "anon-" not in portal.client().get("/api/v1/lines?limit=1", **with_scope).content.decode()
    stranger = portal.token(portal.account("bob", "analyst"), "read", "personal")
    assert "anon-" in portal.client().get("/api/v1/lines?limit=1", **stranger).content.decode()
