"""Catalog pages in a real browser: from a search to what changed, without JavaScript, narrow, and by the rules of WCAG.

Here: the common home's catalogs. Not here: what pages say (test_catalog.py).
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from vsf_assets_tests.portal.catalog_objects import NELLY, ODD_OBJECT
from vsf_assets_tests.portal.test_browser import BROWSER, NARROW, WIDE, Watched, Wcag, click, sync_api
from vsf_assets_tests.portal.test_command import Running, demo_passwords, running
from vsf_assets_tests.portal.world import World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium"),
]

PAGES = (
    "/catalog/",
    "/catalog/?_search=odd",
    "/catalog/songs/",
    f"/catalog/songs/{NELLY}/",
    "/catalog/objects/",
    "/catalog/objects/?state=vanished",
    f"/catalog/object/?{urlencode({'profile': 'default', 'name': 'a.data'})}",
    f"/catalog/object/?{urlencode({'profile': 'default', 'name': ODD_OBJECT})}",
    "/catalog/skipped/?type=book",
)


@pytest.fixture(scope="module")
def site(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Any, str]]:
    """Run the portal and a browser; return both, and the password of the reader."""
    with (
        running(tmp_path_factory.mktemp("catalog") / "home", world, "--demo", on_terminal=True) as portal,
        sync_api.sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield portal, browser, demo_passwords(portal)["reader"]
        browser.close()


def signed_in(site: tuple[Running, Any, str], **options: Any) -> Watched:
    portal, browser, password = site
    watched = Watched(browser.new_context(**options).new_page(), portal.address)
    watched.sign_in("demo-reader", password)
    return watched


def test_from_a_search_to_what_changed_without_javascript(site: tuple[Running, Any, str]) -> None:
    watched = signed_in(site, viewport=WIDE, java_script_enabled=False)
    page = watched.page
    click(page, "nav >> text=Catalog")
    page.fill("#search", "nelly")
    page.press("#search", "Enter")
    click(page, "text=Nelly · N Dey Say")
    assert page.inner_text(".change") == "release: Sweat → N Dey Say"
    page.locator("section a", has_text="a.data").first.click()
    page.wait_for_selector("h1:has-text('a.data')")
    assert page.locator("#changes tbody tr").count() == 2
    click(page, "text=its page >> nth=0")
    page.wait_for_selector("h1:has-text('a.data')")
    page.goto(f"{watched.address}/catalog/songs/")
    page.check("[name=versions__min]")
    click(page, "button:text-is('Show')")
    assert page.inner_text("h1").startswith("1 of")
    page.context.close()
    assert watched.found == []


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_pages_fit_the_window_and_pass_the_rules_of_wcag_2_2_aa(
    site: tuple[Running, Any, str], size: dict[str, int], scheme: str
) -> None:
    wcag = Wcag()
    watched = signed_in(site, viewport=size, color_scheme=scheme, bypass_csp=True)
    page, wide, broken = watched.page, [], []
    for path in PAGES:
        page.goto(watched.address + path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
        broken += [(path, *rule) for rule in wcag.broken(page)]
    page.context.close()
    assert (wide, broken, watched.found) == ([], [], [])
