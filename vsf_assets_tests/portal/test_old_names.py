"""The addresses of the original answer as it did, with the figures that the samples must give.

Here: /vsf/api/ and the same lists by version 1 and by the pages. Source of the figures: the description of the feeds
(samples/events: activity 7, by_limit 2, by_device 4); marked deliveries of other days and limits come on top and are
counted apart.
"""

import pytest

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.world import HOSTILE, PHONES

MARKED_EVENTS = len(PHONES) + len(HOSTILE)
"""Activity of the marked lines, all of them ANDROID, none of them with a USG limit."""


@pytest.fixture
def header(portal: Portal) -> dict[str, str]:
    return portal.token(portal.account("ann", "engineer", personal=True), "read", "personal")


def all_rows(portal: Portal, address: str, header: dict[str, str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    while address:
        answer = portal.client().get(address, **header).json()
        rows += answer["results"]
        address = (answer["next"] or "").removeprefix("http://127.0.0.1:8000")
        assert len(answer["results"]) <= 10
    assert len(rows) == answer["count"]
    return rows


def test_activity_has_the_events_of_the_samples(portal: Portal, header: dict[str, str]) -> None:
    rows = all_rows(portal, "/vsf/api/activity/", header)
    assert len([row for row in rows if row["MTN"] not in PHONES]) == 7
    assert len(rows) == 7 + MARKED_EVENTS
    assert all(list(row) == ["id", "EVENT_DT", "MTN"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)


def test_by_limit_has_the_limited_lines_with_activity(portal: Portal, header: dict[str, str]) -> None:
    assert all_rows(portal, "/vsf/api/by_limit/", header) == [{"MTN": "5551000001"}, {"MTN": "5551000003"}]
    assert all_rows(portal, "/vsf/api/by_limit/?type=USG", header) == [{"MTN": "5551000001"}, {"MTN": "5551000003"}]
    assert sorted(str(row["MTN"]) for row in all_rows(portal, "/vsf/api/by_limit/?type=OTHER", header)) == list(PHONES)


def test_by_device_has_the_activity_on_android_lines(portal: Portal, header: dict[str, str]) -> None:
    rows = all_rows(portal, "/vsf/api/by_device/?grouping=ANDROID", header)
    assert len([row for row in rows if row["MTN"] not in PHONES]) == 4
    assert rows == all_rows(portal, "/vsf/api/by_device/", header)
    assert all_rows(portal, "/vsf/api/by_device/?grouping=none", header) == []


def test_version_1_gives_the_same_figures(portal: Portal, header: dict[str, str]) -> None:
    def items(address: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = portal.client().get(f"/api/v1/{address}", **header).json()["items"]
        return found

    assert len([row for row in items("activity?limit=1000") if row["mtn"] not in PHONES]) == 7
    assert [row["mtn"] for row in items("lines/by-limit")] == ["5551000001", "5551000003"]
    assert len([row for row in items("activity/by-device") if row["mtn"] not in PHONES]) == 4


def test_an_empty_kind_is_no_kind_and_not_every_kind(portal: Portal, header: dict[str, str]) -> None:
    for address in ("lines/by-limit?type=", "activity/by-device?grouping=", "lines/by-limit?type=none"):
        assert portal.client().get(f"/api/v1/{address}", **header).json()["items"] == [], address


def test_the_index_lists_the_addresses_and_docs_leads_to_the_documentation(
    portal: Portal, header: dict[str, str]
) -> None:
    listed = portal.client().get("/vsf/api/", **header).json()
    assert list(listed) == ["activity", "by_limit", "by_device"]
    assert all(address.startswith("http://127.0.0.1:8000/vsf/api/") for address in listed.values())
    assert portal.client().get("/docs/").headers["Location"] == "/api/docs"


def test_limit_and_offset_lead_through_the_list_in_both_directions(portal: Portal, header: dict[str, str]) -> None:
    answer = portal.client().get("/vsf/api/activity/?limit=4&offset=4", **header).json()
    assert len(answer["results"]) == 4
    assert answer["previous"] == "http://127.0.0.1:8000/vsf/api/activity/?limit=4"
    assert answer["next"] == "http://127.0.0.1:8000/vsf/api/activity/?limit=4&offset=8"


def test_strangers_are_asked_for_a_token(portal: Portal) -> None:
    answer = portal.client().get("/vsf/api/activity/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    wrong = portal.client(portal.account("ann", "reader")).get("/vsf/api/", HTTP_AUTHORIZATION="Bearer vsf_wrong")
    assert wrong.status_code == 401  # a wrong token is not mended by a session
