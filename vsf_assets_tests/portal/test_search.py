"""The search box, and the choice of light and dark.

Here: what is found by whom. Not here: searching the rows of one table (test_tables.py), and who gets the page
(test_rights_matrix.py).
"""

import html
import re
from urllib.parse import quote

import pytest

from vsf_assets_tests.portal.dictionaries import SAMPLE
from vsf_assets_tests.portal.dictionary_forms import allow, own
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.world import HOSTILE, PHONES


def found(client: object, text: str) -> dict[str, list[tuple[str, str]]]:
    """Return title of a group -> (address, name) of what was found."""
    answer = client.get(f"/search/?q={quote(text)}")  # type: ignore[attr-defined]
    assert answer.status_code == 200
    groups = re.findall(r"<section><h2>(.*?)</h2>(.*?)</section>", answer.content.decode(), re.DOTALL)
    return {
        title: [(html.unescape(a), html.unescape(n)) for a, n in re.findall(r'<li><a href="(.*?)">(.*?)</a>', content)]
        for title, content in groups
    }


def test_a_line_is_found_by_its_number_by_those_who_may_see_it(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "engineer", personal=True))
    for text in (PHONES[0], f" {PHONES[0][:3]}-{PHONES[0][3:6]}-{PHONES[0][6:]} "):
        ((address, name),) = found(client, text)["Lines"]
        assert name == PHONES[0]
        assert PHONES[0] in client.get(address).content.decode()
    assert "Lines" not in found(client, PHONES[0][:6])


def test_a_number_finds_nothing_without_the_permission_and_a_pseudonym_does(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "reader"))
    assert found(client, PHONES[0]) == {"Lines": []}
    assert "may see personal data" in client.get(f"/search/?q={PHONES[0]}").content.decode()
    shown = client.get("/api/v1/limits?limit_type=OTHER&limit=1").json()["items"][0]["mtn"]
    ((address, name),) = found(client, shown)["Lines"]
    assert name == shown
    assert client.get(address).status_code == 200


def test_files_datasets_and_tables_are_found_by_a_part_of_their_names(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "reader"))
    ((address, name),) = found(client, "_LINEDIM")["Files"][:1]
    assert name.endswith("_linedim.csv")
    assert name in client.get(address).content.decode()
    assert found(client, "dim_lines")["Tables"][0] == ("/data/marts/dim_lines/", "marts.dim_lines")
    assert "More than" in client.get("/search/?q=e").content.decode()


@pytest.mark.parametrize("text", ["", "  ", *HOSTILE, "x" * 5000, "%", "_", "9" * 30])
def test_any_text_may_be_searched_for(portal: Portal, text: str) -> None:
    client = portal.client(portal.account("ann", "reader"))
    answer = client.get(f"/search/?q={quote(text)}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()
    assert "\u202e" not in answer.content.decode().replace(html.escape(text), "")


def test_another_team_finds_what_it_may_read_alone(portal: Portal) -> None:
    portal.grant("others", "clicks")
    client = portal.client(portal.account("other", "admin", team="others", personal=True))
    assert {name for _, name in found(client, "c")["Files"]} == {"clicks_1.csv"}
    assert found(client, PHONES[0]) == {}
    assert all("/marts/dim_lines/" not in address for address, _ in found(client, "lines").get("Tables", []))


def test_a_team_finds_its_own_datasets_and_those_of_the_platform_that_it_may_read(portal: Portal) -> None:
    own(portal, "small", "first", was="smaller")
    allow(portal, "first")
    allow(portal, "second", reads=True)
    seen = {}
    for name, team in (("ann", "first"), ("bob", "second")):
        client = portal.client(portal.account(name, "reader", team=team))
        seen[team] = [found(client, text).get("Datasets", []) for text in ("MALL", "managed")]
    small, sample = [("/dictionaries/small/", "small")], [(f"/dictionaries/{SAMPLE}/", SAMPLE)]
    assert seen == {"first": [small, []], "second": [[], sample]}


def test_an_app_adds_what_it_finds(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.search import finders

    monkeypatch.setattr(finders, "_finders", dict(finders._finders))
    finders.register_finder("Questions", lambda _, text: finders.Group([finders.Found(f"about {text}", "/x/")]))
    client = portal.client(portal.account("ann", "reader"))
    assert found(client, "zebra") == {"Questions": [("/x/", "about zebra")]}


def test_light_and_dark_are_remembered_by_the_browser_and_change_nothing_else(portal: Portal) -> None:
    client = portal.client()
    assert 'content="light dark"' in client.get("/account/login/").content.decode()
    answer = client.post("/theme/", {"theme": "dark"}, HTTP_REFERER="http://testserver/account/login/?next=/data/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://testserver/account/login/?next=/data/")
    page = client.get("/account/login/").content.decode()
    assert '<html lang="en" data-theme="dark">' in page
    assert re.search(r'value="dark"[^>]*aria-pressed="true"', page)
    client.post("/theme/", {"theme": "system"})
    assert "data-theme" not in client.get("/account/login/").content.decode()
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", ""):
        assert client.post("/theme/", {"theme": "<b>"}, HTTP_REFERER=elsewhere).headers["Location"] == "/"
    client.cookies["vsf_theme"] = '"><script>'
    assert "<script>" not in client.get("/account/login/").content.decode().replace("<script src", "")
