"""The jobs of docs/tasks.md in a real browser, click by click, with no more clicks than the page says.

Here: one home, one browser; the test itself loads what lands, as the service does. Each click names the words of the
page that ask for it. Not here: the two jobs at a command line (cli/test_tasks.py), and what else pages can do.
"""

import csv
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.docs.job_page import Job, jobs
from vsf_assets_tests.portal.test_browser import BROWSER, WIDE, Watched, click, sync_api
from vsf_assets_tests.portal.test_command import Running, demo_passwords, environment, running
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import Home

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium"),
]

JOBS = jobs()
NAME, PASSWORD, TEAM = "paula", "three old words here", "press"
LINE = "5550001234"
LINES = f"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n{LINE},ANDROID,Retail,2019-01-01\n".encode()
CLICKS = b"click_id,banner_id,campaign_id\n1,10,7\nx,20,7\n3,30,7\n"
NEW_TEAM = """
import sys
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.config import set_up
set_up(read_settings())
from vsf_assets.portal.accounts.account_changes import create_account, set_grant, set_role
from vsf_assets.portal.accounts.models import Team
name, password, team = sys.argv[1:]
team = Team.objects.get_or_create(name=team)[0]
set_role(create_account(name, password), team, "admin")
set_grant(team, "clicks", may_read=True, may_deliver=True)
"""
"""An administrator of a team that may read and deliver clicks, made by a process of its own."""


class Hands:
    """Does a job on a page, and counts its clicks; every click is the next one of docs/tasks.md."""

    def __init__(self, page: Any, title: str) -> None:
        self.page, self.job = page, JOBS[title]
        self.count = 0

    def _next(self, words: str) -> None:
        assert self.count < self.job.most, f"{self.job.title} takes more than {self.job.most} clicks"
        assert self.job.clicks[self.count] == words
        self.count += 1

    def click(self, words: str, selector: str) -> None:
        """Click on what the page calls `words`."""
        self._next(words)
        click(self.page, selector)

    def choose(self, words: str, selector: str, file: Path) -> None:
        """Choose a file in a field."""
        self._next(words)
        self.page.set_input_files(selector, file)

    def download(self, words: str, selector: str) -> Any:
        """Click, and return the download that begins."""
        self._next(words)
        with self.page.expect_download() as found:
            click(self.page, selector)
        return found.value

    def heading(self, words: str) -> None:
        """Wait until the heading of the page has these words."""
        self.page.locator("h1", has_text=words).wait_for()

    def done(self) -> None:
        """End the job: the page of jobs has no click that was not needed."""
        assert self.count == len(self.job.clicks)


class Site:
    """A home with the portal on it, and a browser."""

    def __init__(self, home: Home, portal: Running, browser: Any) -> None:
        self.home, self.portal, self.browser = home, portal, browser
        self.passwords = {f"demo-{role}": text for role, text in demo_passwords(portal).items()} | {NAME: PASSWORD}
        self.pages: dict[str, Watched] = {}

    def at_home(self, name: str) -> Any:
        """Return the page Home of an account, which signs in once."""
        if name not in self.pages:
            context = self.browser.new_context(viewport=WIDE, accept_downloads=True)
            self.pages[name] = Watched(context.new_page(), self.portal.address)
            self.pages[name].sign_in(name, self.passwords[name])
        page = self.pages[name].page
        page.goto(f"{self.portal.address}/")
        return page

    def load(self) -> None:
        """Load what landed, and publish it."""
        self.home.ingest(feeds=["lines", "clicks"])
        build_pending(self.home.warehouse, checked=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Home(tmp_path_factory.mktemp("tasks") / "home")
    put_built_warehouse(home.settings)
    home.land("2019-06-01_linedim.csv", LINES)
    world = World(home.root)
    with (
        running(home.root, world, "--demo", on_terminal=True) as portal,
        sync_api.sync_playwright() as playwright,
    ):
        command = [sys.executable, "-c", NEW_TEAM, NAME, PASSWORD, TEAM]
        subprocess.run(command, env=environment(home.root, world), check=True, capture_output=True)
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        found = Site(home, portal, browser)
        found.load()
        yield found
        browser.close()


def deliver(hands: Hands, file: Path) -> None:
    """Choose a file on the page that delivers, and go to its receipt."""
    hands.heading("Deliver files")
    hands.choose("Choose files", "#id_files", file)
    hands.page.wait_for_selector("#uploads a[href*='/deliveries/']")
    hands.click("See its receipt", "#uploads a[href*='/deliveries/']")
    hands.heading(file.name)


def test_deliver_find_out_why_mend_and_be_told(site: Site, tmp_path: Path) -> None:
    page = site.at_home(NAME)
    file = tmp_path / "clicks_1.csv"
    file.write_bytes(CLICKS)
    hands = Hands(page, "Deliver a file")
    hands.click("Deliveries", "nav >> text=Deliveries")
    hands.click("Deliver files", "a.main:text-is('Deliver files')")
    deliver(hands, file)
    hands.done()
    site.load()

    page = site.at_home(NAME)
    hands = Hands(page, "Find out why a row is missing")
    hands.click("Deliveries", "nav >> text=Deliveries")
    hands.click("the name of the file", "th a:text-is('clicks_1.csv')")
    hands.heading("1 of 3 rows of clicks_1.csv was held back")
    found = [cell.strip() for cell in page.locator(".findings tbody td").all_inner_texts()]
    assert (found[0], found[2]) == ("3", "click_id")
    assert "must be a whole number" in found[3]
    assert found[4] == "x,20,7"
    hands.done()

    hands = Hands(page, "Mend rows and send them again")
    bad = hands.download("Download the bad rows", "a[href$='bad-rows/']")
    mended = tmp_path / bad.suggested_filename
    mended.write_text(Path(bad.path()).read_text().replace("x,20,7", "2,20,7"))
    hands.click("Send mended rows", "text=Send mended rows")
    deliver(hands, mended)
    hands.done()

    hands = Hands(site.at_home(NAME), "Be told")
    hands.click("Team", "nav >> text=Team")
    hands.click("the name of the team", f"main a:text-is('{TEAM}')")
    hands.click("Notices", "main a:text-is('Notices')")
    hands.click("Delivery unreadable: mail", "[name=unreadable-mail]")
    hands.click("Save", "button:text-is('Save')")
    page.wait_for_selector(f"text=The notices of {TEAM} were changed.")
    assert page.is_checked("[name=unreadable-mail]")
    site.home.land("clicks/1/clicks_2.csv", b"no clicks\n", 5)
    site.load()
    unreadable = ".notices li.new:has-text('is unreadable')"
    for _ in range(600):  # the watcher scans every two seconds, and reading the page changes nothing
        page.goto(f"{site.portal.address}/notices/?kind=unreadable")
        if page.locator(unreadable).count():
            break
        page.wait_for_timeout(200)
    page.goto(f"{site.portal.address}/")
    hands.click("Notices", ".bar-end >> text=Notices")
    page.wait_for_selector(unreadable)
    hands.done()

    page.goto(f"{site.portal.address}/deliveries/")
    click(page, "th a:text-is('clicks_1.csv')")
    page.wait_for_selector("text=1 of 1 mended")
    assert site.pages[NAME].found == []


def test_look_at_a_row(site: Site) -> None:
    page = site.at_home("demo-engineer")
    hands = Hands(page, "Look at a row")
    page.fill("#find", LINE)
    hands.click("Search", "form.find button")
    hands.click("the line", f"main a:text-is('{LINE}')")
    assert LINE in page.inner_text("dl.row")
    hands.done()


@pytest.mark.skipif(find_spec("vsf_assets.portal.questions") is None, reason="the portal has no page Questions")
def test_ask_save_and_share(site: Site) -> None:
    page = site.at_home("demo-engineer")
    hands = Hands(page, "Ask")
    hands.click("Questions", "nav >> text=Questions")
    hands.click("Ask SQL", "a:text-is('Ask SQL')")
    page.fill("#sql", "select mtn, device_grouping from marts.dim_lines where not is_unknown")
    hands.click("Run", "#run")
    hands.heading("1 row from snapshot")
    assert LINE in page.inner_text("#result")
    hands.done()

    hands = Hands(page, "Save and share an answer")
    hands.click("Save as a question", "button:text-is('Save as a question')")
    page.fill("[name=name]", "Which lines are there?")
    hands.click("Save", "button:text-is('Save')")
    hands.heading("Which lines are there?")
    page.fill("#link-name", "the weekly workbook")
    hands.click("Make a data link", "button:text-is('Make a data link')")
    hands.heading("Is it still you?")
    page.fill("[name=password]", site.passwords["demo-engineer"])
    hands.click("Go on", "button:text-is('Go on')")
    link = re.search(r"http\S+\.csv\?token=\S+", page.inner_text(".notice.success"))
    assert link
    with urllib.request.urlopen(link[0], timeout=20) as answer:
        rows = list(csv.reader(answer.read().decode().splitlines()))
    assert rows == [["mtn", "device_grouping"], [LINE, "ANDROID"]]
    hands.done()


@pytest.mark.skipif(find_spec("vsf_assets.portal.made") is None, reason="the portal has no page Made-up files")
def test_make_test_data(site: Site) -> None:
    page = site.at_home(NAME)
    hands = Hands(page, "Make test data")
    hands.click("Made-up files", "nav >> text=Made-up files")
    hands.click("New schema", "a:text-is('New schema')")
    page.fill("#name-csv", "customers")
    page.fill("#text-csv", "id,name,born\n1,Ann Lee,1951-01-01\n")
    hands.click("Begin with its columns", "button:text-is('Begin with its columns')")
    hands.click("Save", "button:text-is('Save')")
    page.wait_for_selector("#rows")
    page.fill("#rows", "1000")
    made = hands.download("Generate data", "button:text-is('Generate data')")
    lines = Path(made.path()).read_text().splitlines()
    assert lines[0] == "id,name,born"
    assert len(lines) == 1001
    hands.done()


def test_every_job_of_the_page_in_a_browser_is_done_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    in_browser: list[Job] = [job for job in JOBS.values() if job.unit == "clicks"]
    assert [job.title for job in in_browser if f'"{job.title}")' not in source] == []
