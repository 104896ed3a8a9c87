"""The portal in a real browser: pages, permissions, hostile values, and what a page loads.

Here: Debian's chromium, driven by playwright, where both are installed; no browser is downloaded. Not here: what pages
say (the other tests of this folder). A screenshot of a page that fails is left in the test's folder.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.template import Context, Engine

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.portal.status.recent_findings import FeedFindings
from vsf_assets_tests.portal.dictionaries import ODD, SCRIPT
from vsf_assets_tests.portal.test_command import Running, demo_passwords, running
from vsf_assets_tests.portal.world import World

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium"),
]

PAGES = (
    *(
        "/",
        "/status/?until=2019-06-04",
        "/deliveries/",
        "/deliveries/new/?feed=clicks",
        "/deliveries/files/?feed=events",
        "/data/",
        "/search/?q=lines",
        "/data/marts/fct_activity_events/?_limit=100",
        "/questions/",
        "/questions/sql/?example=daily_active_lines",
        "/questions/sql/history/",
        "/questions/new/?ready=banners_shown",
        "/profile/",
        "/tokens/",
    ),
    *("/data/marts/fct_activity_events/row/?event_uuid=hostile-0&event_date=2019-06-03", "/data/reports/anomalies/"),
    *("/data/raw/events/", "/data/marts/dim_lines/?nothing=1", "/team/", "/account/2fa/", "/account/sessions/"),
    *("/account/email/", "/account/reauthenticate/", "/account/password/reset/", "/account/confirm-email/nothing/"),
    *(
        f"/dictionaries/{path}"
        for path in ("", f"{quote(ODD)}/", f"{quote(ODD)}/versions/", "small/versions/2/changes/1/")
    ),
    f"/dictionaries/{quote(ODD)}/?{urlencode({'namespace': 'ns-1', 'database': SCRIPT})}",
    f"/dictionaries/{quote(ODD)}/versions/1/anomalies/",
    *("/account/password/change/", "/account/confirm-email/", "/api/docs"),
)
SOME_PLACES = ["Insights", "Campaigns", "Made-up files", "Catalog", "Questions", "Admin"]
NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


PATIENCE = 120_000
"""Milliseconds that a page is waited for: generous, because machines of tests are busy."""


def click(page: Any, selector: str) -> None:
    """Click, and wait until the page that this leads to is whole and its scripts are there, if it leads to one.

    Playwright's own click waits for the first bytes of the next page alone: what is asked of the page then may be asked
    too early. Not for a click whose script leads on later, after an answer: wait for what that page shows.
    """
    page.click(selector)
    page.wait_for_load_state()


class Wcag:
    """The rules of WCAG 2.2 AA, asked on pages of contexts with `bypass_csp`."""

    OPTIONS = json.dumps(
        {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
    )

    def __init__(self) -> None:
        reason = "axe-playwright-python is not installed"
        self.script = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason).Axe().axe_script

    def broken(self, page: Any) -> list[tuple[str, str]]:
        """Return each broken rule with the beginning of the first element that breaks it.

        Of what holds nothing is returned: to count and to send it costs more than to find it.
        """
        page.evaluate(self.script)
        found = page.evaluate(f"axe.run({self.OPTIONS}).then(found => JSON.stringify(found.violations))")
        return [(rule["id"], rule["nodes"][0]["html"][:100]) for rule in json.loads(found)]


class Watched:
    """A page of the browser, and everything that should not happen on it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address, self.found = page, address, list[str]()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.found.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: self._see(request.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "status of 400" not in text:
            self.found.append(f"{kind}: {text}")

    def _see(self, url: str) -> None:
        if not url.startswith((self.address, "data:")):
            self.found.append(f"request: {url}")

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.address}/account/login/")
        self.page.fill("[name=login]", name)
        self.page.fill("[name=password]", password)
        click(self.page, "button.main")
        self.page.wait_for_selector("h1")


@pytest.fixture(scope="module")
def portal_and_passwords(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, dict[str, str]]]:
    with running(tmp_path_factory.mktemp("browser") / "home", world, "--demo", on_terminal=True) as portal:
        yield portal, demo_passwords(portal)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_pages_load_nothing_from_elsewhere_and_report_nothing(
    portal_and_passwords: tuple[Running, dict[str, str]],
    chromium: Any,
    size: dict[str, int],
    scheme: str,
    tmp_path: Path,
) -> None:
    portal, passwords = portal_and_passwords
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    watched = Watched(context.new_page(), portal.address)
    watched.sign_in("demo-engineer", passwords["engineer"])
    wide = []
    for path in PAGES:
        watched.page.goto(portal.address + path)
        watched.page.wait_for_load_state("networkidle")
        if watched.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
            watched.page.screenshot(path=str(tmp_path / f"{len(wide)}.png"), full_page=True)
    context.close()
    assert (watched.found, wide) == ([], [])


def test_places_stand_on_one_line_and_findings_fit_on_a_phone(
    portal_and_passwords: tuple[Running, dict[str, str]], chromium: Any
) -> None:
    portal, passwords = portal_and_passwords
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    watched = Watched(page, portal.address)
    watched.sign_in("demo-admin", passwords["admin"])
    places = page.locator("nav[aria-label=Places] li")
    assert [name for name in places.all_inner_texts() if name in SOME_PLACES] == SOME_PLACES
    assert len({place.bounding_box()["y"] for place in places.all()}) == 1
    page.set_viewport_size(NARROW)
    page.goto(f"{portal.address}/status/")
    page.evaluate("html => { document.querySelector('main').innerHTML = html }", found_lately())
    page.evaluate("document.querySelector('.bar-end a[href=\"/profile/\"]').textContent = 'a-long-name@example.org'")
    heads = [page.locator(one).bounding_box() for one in (".brand", ".bar-end button")]
    assert abs(heads[0]["y"] + heads[0]["height"] / 2 - heads[1]["y"] - heads[1]["height"] / 2) < 4  # on one line
    table = page.locator("main table")
    assert table.locator("a").count() == 5
    assert table.evaluate("table => table.scrollWidth - table.clientWidth") <= 0
    for address in ("/data/", "/deliveries/files/?feed=events", "/dictionaries/"):
        page.goto(portal.address + address)
        stacked = page.locator("table.stacked").first
        assert stacked.locator("td[data-label]").first.is_visible()
        assert stacked.evaluate("table => table.scrollWidth - table.parentElement.clientWidth") <= 0, address
    context.close()


def found_lately() -> str:
    """Return the list of findings with long names and numbers; what the tests deliver was not found lately."""
    engine = Engine(
        dirs=[PROJECT_ROOT / "vsf_assets/portal/templates"], builtins=["vsf_assets.portal.data.page_filters"]
    )
    kinds = [("partition_out_of_range", 1_234_567, "/")] * 4
    context = Context({"current": 1, "findings": [FeedFindings("conversions", 4_938_268, "/", kinds)]})
    return engine.get_template("status/findings.html").render(context)


def test_pages_work_without_javascript_and_by_keyboard(
    portal_and_passwords: tuple[Running, dict[str, str]], chromium: Any
) -> None:
    portal, passwords = portal_and_passwords
    context = chromium.new_context(viewport=WIDE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal.address}/data/marts/dim_lines/")
    page.locator("[name=login]").focus()
    page.keyboard.type("demo-reader")
    page.keyboard.press("Tab")
    page.keyboard.type(passwords["reader"])
    page.keyboard.press("Enter")
    page.wait_for_selector("table.rows")
    page.wait_for_load_state()
    assert "dim_lines" in page.inner_text("h1")
    assert page.locator("td", has_text="anon-").count() > 0
    page.locator("a", has_text="Open").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dl.row")
    page.wait_for_load_state()
    page.goto(f"{portal.address}/data/raw/events/")
    assert "nothing at this address" in page.inner_text("h1")
    context.close()


def test_pages_pass_the_rules_of_wcag_2_2_aa(
    portal_and_passwords: tuple[Running, dict[str, str]], chromium: Any
) -> None:
    wcag = Wcag()
    portal, passwords = portal_and_passwords
    broken = []
    for scheme in ("light", "dark"):
        context = chromium.new_context(viewport=WIDE, color_scheme=scheme, bypass_csp=True)
        watched = Watched(context.new_page(), portal.address)
        watched.sign_in("demo-admin", passwords["admin"])
        for path in PAGES[:-1]:  # the last is the library's page
            watched.page.goto(portal.address + path)
            broken += [(scheme, path, *rule) for rule in wcag.broken(watched.page)]
        context.close()
    assert broken == []
