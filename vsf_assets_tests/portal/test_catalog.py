"""Catalog pages: search, entries with what changed, objects and their versions, types that are not loaded.

Here: the catalogs of the common home (catalog_objects.py). Not here: who may see what (test_rights_matrix.py), and the
browser (test_catalog_browser.py).
"""

import html
import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from vsf_assets_tests.portal.catalog_objects import MANY, NELLY, ODD_OBJECT, ODD_TITLES, SCRIPT
from vsf_assets_tests.portal.driver import Portal


@pytest.fixture
def reader(portal: Portal) -> Any:
    """Return a browser of a reader."""
    return portal.client(portal.account("ann", "reader"))


def text_of(answer: Any) -> str:
    """Return the words of a page's content, with single spaces."""
    assert answer.status_code == 200, answer.content[:500]
    main = answer.content.decode().split("<main", 1)[1].split("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def object_address(name: str, profile: str = "default", **more: str) -> str:
    return f"/catalog/object/?{urlencode({'profile': profile, 'name': name, **more})}"


def test_the_overview_counts_kinds_and_sources(reader: Any) -> None:
    shown = text_of(reader.get("/catalog/"))
    songs = 2 + 1 + len(ODD_TITLES) + MANY  # Nelly and the new one, the vanished object's, the odd ones, the others'
    assert f"{songs + 2} catalog entries of 3 kinds" in shown  # one movie and one app
    assert f"Songs type song {songs} 1" in shown  # one of them has changed
    assert "book not loaded 1" in shown
    assert "default 5 1 0 1" in shown  # objects, vanished, unreadable, not fetched yet
    assert "films 1 0 0 0" in shown


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("nelly", ["N Dey Say", "2 versions, in a.data"]),
        ("odd ?&", ["Odd · =1+1", ODD_OBJECT]),
        ("SCRIPT", [f"Odd · {SCRIPT}", "Types not loaded"]),
        ("gone", ["Gone · Still here", "gone.data"]),
        ("many", ["All songs with “many”"]),
        ("zzz", ["Nothing in the catalog has “zzz”"]),
    ],
)
def test_a_search_finds_entries_objects_and_types(reader: Any, search: str, found: list[str]) -> None:
    shown = text_of(reader.get("/catalog/", {"_search": search}))
    assert [words for words in found if words not in shown] == []


def test_the_box_in_the_header_finds_them_too(reader: Any) -> None:
    shown = text_of(reader.get("/search/", {"q": "nelly"}))
    assert "Catalog entries Nelly · N Dey Say song of default" in shown
    assert "Catalog objects gone.data gone, but listed" in text_of(reader.get("/search/", {"q": "gone.d"}))


def test_a_list_goes_on_by_keyset_and_each_entry_comes_once(reader: Any) -> None:
    found, address = [], "/catalog/songs/?profile=films"
    while address:
        page = reader.get(address).content.decode()
        found += re.findall(r'href="/catalog/songs/(\w{32})/"', page)
        after = re.search(r'href="(\?[^"]*_after=[^"]+)"', page)
        address = f"/catalog/songs/{html.unescape(after[1])}" if after else ""
    assert len(found) == len(set(found)) == MANY


def test_a_list_shows_the_changed_ones(reader: Any) -> None:
    shown = text_of(reader.get("/catalog/songs/?versions__min=2"))
    assert "1 of" in shown
    assert "Nelly · N Dey Say" in shown
    assert "Gone" not in shown


def test_an_entry_shows_its_record_and_what_changed(reader: Any) -> None:
    page = reader.get(f"/catalog/songs/{NELLY}/")
    shown = text_of(page)
    assert "Song with 2 versions, this one since 2026-01-05 15:30:00" in shown
    assert "release: Sweat → N Dey Say" in shown
    record = json.loads(
        html.unescape(re.search(r"<h2>Record</h2><pre><code>(.*?)</code>", page.content.decode(), re.S)[1])
    )
    fields = {"artist_name": "Nelly", "title": "N Dey Say", "year": 2005, "release": "N Dey Say"}
    assert record == {"type": "song", "data": fields}
    assert "from marts.dim_song_versions where song_key = " in shown
    assert f"/api/v1/catalog/songs/{NELLY}" in shown


def test_links_lead_from_an_entry_to_its_object_and_delivery(reader: Any) -> None:
    page = reader.get(f"/catalog/songs/{NELLY}/").content.decode()
    versions = [html.unescape(found) for found in re.findall(r'href="(/catalog/object/\?[^"]*at=[^"]*)"', page)]
    assert len(versions) == 2
    first = reader.get(versions[-1])
    assert "What the version of 2026-01-05 15:20:00 changed" in text_of(first)
    receipts = re.findall(r'href="(/deliveries/files/\?[^"]*)"', first.content.decode())
    assert len(receipts) == 2
    for address in receipts:
        answer = reader.get(html.unescape(address), follow=True)
        assert "a.data" in text_of(answer)


def test_an_object_shows_its_versions_and_what_the_newest_changed(reader: Any) -> None:
    shown = text_of(reader.get(object_address("a.data")))
    assert "2 versions" in shown
    assert "songs: 1 new, 1 changed" in shown
    assert "apps: 1 new; songs: 1 new" in shown or "songs: 1 new; apps: 1 new" in shown
    changed = shown.split("What the version of 2026-01-05 15:30:00 changed")[1]
    assert "Nelly · N Dey Say song release: Sweat → N Dey Say" in changed
    assert "New · One song + new" in changed
    assert "Chess" not in changed  # its record said the same


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.data", "gone, but listed since 2026-01-05 15:30:00"),
        ("late.data", "No version of it was ever fetched"),
        ("left/out.data", "no longer listed"),
        (ODD_OBJECT, "as fetched"),
    ],
)
def test_an_object_says_whether_the_source_has_it(reader: Any, name: str, words: str) -> None:
    assert words in text_of(reader.get(object_address(name)))


def test_vanished_objects_have_a_list(reader: Any) -> None:
    page = reader.get("/catalog/objects/?state=vanished")
    shown = text_of(page)
    assert "Objects that are listed and gone" in shown
    assert re.findall(r'name=([^"&]+)"', page.content.decode().split("<tbody>")[1]) == ["gone.data"]
    assert "Every listed object was found" not in shown
    assert "No object fits" in text_of(reader.get("/catalog/objects/?state=vanished&profile=films"))
    assert reader.get("/catalog/objects/?state=lost").status_code == 400


def test_types_that_are_not_loaded_say_how_many_and_why(reader: Any) -> None:
    page = reader.get("/catalog/skipped/?type=book")
    shown = text_of(page)
    assert "3 types of records are not loaded" in shown
    assert "book 1 1 3" in shown  # one in the newest version, and two in the one before
    assert "only 'song', written exactly so, is loaded" in shown
    assert "the platform knows no such type" in shown
    assert "a.data default 1 2" in shown.split("Objects with “book”")[1]
    assert SCRIPT in text_of(reader.get("/catalog/skipped/", {"type": SCRIPT}))


def test_hostile_texts_stand_as_texts(reader: Any) -> None:
    addresses = ["/catalog/songs/?_search=odd", "/catalog/objects/", "/catalog/skipped/", object_address(ODD_OBJECT)]
    songs = reader.get("/catalog/songs/?_search=odd").content.decode()
    addresses += [f"/catalog/songs/{key}/" for key in re.findall(r'href="/catalog/songs/(\w{32})/"', songs)]
    assert len(addresses) == 4 + len(ODD_TITLES)
    for address in addresses:
        page = reader.get(address).content.decode()
        assert "<script>alert" not in page, address
        assert "<img src=x" not in page, address
        assert "\u202e" not in page, address


def test_the_api_gives_the_same(portal: Portal) -> None:
    client, token = portal.client(), portal.token(portal.account("ann", "reader"))

    def ask(address: str) -> dict[str, Any]:
        answer = client.get(f"/api/v1/catalog{address}", **token)
        assert answer.status_code == 200, answer.content
        return answer.json()  # type: ignore[no-any-return]

    assert [item["kind"] for item in ask("")["items"]] == ["songs", "movies", "apps"]
    assert ask("")["sources"][0]["objects"] == {"due": 1, "present": 2, "unlisted": 1, "vanished": 1}
    entry = ask(f"/songs/{NELLY}?limit=1")
    assert entry["record"]["data"]["release"] == "N Dey Say"
    assert [item["changes"] for item in entry["items"]] == [{"release": ["Sweat", "N Dey Say"]}]
    earlier = ask(f"/songs/{NELLY}?limit=1&after={quote(entry['next'])}")
    assert [(item["version_number"], item["changes"]) for item in earlier["items"]] == [(1, {})]
    assert earlier["next"] is None
    assert ask("/songs?search=nelly")["items"][0]["song_key"] == NELLY
    first = ask("/objects?limit=2")
    assert [item["name"] for item in first["items"]] == ["a.data", "gone.data"]
    rest = ask(f"/objects?limit=9&after={quote(first['next'])}")["items"]
    assert [item["name"] for item in rest] == ["late.data", "left/out.data", ODD_OBJECT, "films.data"]
    changes = ask("/object?profile=default&name=a.data")["newest_changes"]
    assert [(one["is_new"], one["changes"]) for one in changes] == [
        (False, {"release": ["Sweat", "N Dey Say"]}),
        (True, {}),
    ]
    assert {item["record_type"]: item["records"] for item in ask("/skipped-types")["items"]} == {
        "book": 1,
        "Song": 1,
        SCRIPT: 1,
    }


def test_a_grant_of_the_feed_opens_the_pages_and_the_place(portal: Portal) -> None:
    from vsf_assets_tests.portal.matrix_answers import NOBODY

    other = portal.client(portal.account("bob", "reader", team="others"))
    assert other.get("/catalog/").status_code == 404
    assert b'href="/catalog/"' not in other.get("/").content
    assert "Catalog" not in text_of(other.get("/search/", {"q": "nelly"}))
    portal.grant("others", "catalog")
    assert "catalog entries" in text_of(other.get("/catalog/"))
    assert b'href="/catalog/"' in other.get("/").content
    assert other.get(f"/catalog/songs/{NOBODY}/").status_code == 404
    assert other.get(object_address("nothing")).status_code == 404


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/catalog/songs/?_after=x", 400),
        ("/catalog/objects/?_after=x", 400),
        ("/catalog/songs/?nothing=1", 400),
        (f"/catalog/songs/{NELLY}/?_after=x", 400),
        (object_address("a.data", at="yesterday"), 400),
        (object_address("a.data", at="2020-01-01"), 404),
        ("/catalog/songs/nothing/", 404),
    ],
)
def test_wrong_addresses_are_answered_in_words(reader: Any, address: str, status: int) -> None:
    assert reader.get(address).status_code == status
