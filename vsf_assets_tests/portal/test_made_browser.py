"""Made-up files in a real browser and on a real server: building a schema, first rows, files, and a run that makes one.

Here: one home that begins empty; the test itself does what a run does. Not here: what pages say (test_made_files.py),
and the service, which takes what lands by itself (dagster/).
"""

import csv
import http.client
import io
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from vsf_assets.pipeline.synthetic_fulfilment import fulfil
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.portal.made_world import NEEDED, every_type
from vsf_assets_tests.portal.test_browser import BROWSER, NARROW, WIDE, Watched, Wcag, click, sync_api
from vsf_assets_tests.portal.test_command import VSF, Running, demo_passwords, environment, running, vsf
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.waiting import wait_until
from vsf_assets_tests.warehouses import Home

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium"),
]

NOW = 50_000
FEEDS = ("fake_schemas", "fake_requests", "fake_states")
NAMES = "[...document.querySelectorAll('[id$=-name]')].filter(e => /^c\\d/.test(e.id)).map(e => e.value).join()"
"""The names of the columns in the form."""
CUSTOMERS = "id,name,born\n" + "".join(f"{n},Ann Lee,19{50 + n}-01-0{n}\n" for n in range(1, 6))


class Site:
    """A home, the portal on it, and a browser."""

    def __init__(self, home: Home, portal: Running, browser: Any) -> None:
        self.home, self.portal, self.browser = home, portal, browser
        self.password = demo_passwords(portal)["marketer"]
        self.token = vsf(home.root, World(home.root), "portal", "token", "demo-marketer").stdout.strip()

    def watched(self, **options: Any) -> Watched:
        """Return a page on which a marketer is signed in."""
        context = self.browser.new_context(**{"viewport": WIDE, "accept_downloads": True, **options})
        watched = Watched(context.new_page(), self.portal.address)
        watched.sign_in("demo-marketer", self.password)
        return watched

    def load(self) -> None:
        """Load what landed, and publish it."""
        report = self.home.ingest(feeds=list(FEEDS))
        assert (report.failed, report.left) == ([], [])
        build_pending(self.home.warehouse, checked=False)

    def begin(self, method: str, path: str, body: Any = None) -> tuple[http.client.HTTPConnection, Any]:
        """Send a request of the API, and return the connection and the answer, whose body is not read yet."""
        connection = http.client.HTTPConnection(urlsplit(self.portal.address).netloc, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        return connection, connection.getresponse()

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        connection, answer = self.begin(method, path, body)
        try:
            content: bytes = answer.read()
            assert answer.status < 300, content
            return content
        finally:
            connection.close()

    def makers(self) -> list[int]:
        """Return the processes that make rows; threads and processes may end meanwhile."""
        found = []
        for worker in self.portal.workers():
            children = set[str]()
            for task in Path(f"/proc/{worker}/task").iterdir():
                with suppress(FileNotFoundError, ProcessLookupError):
                    children.update((task / "children").read_text().split())
            for child in children:
                with suppress(FileNotFoundError, ProcessLookupError):
                    if b"portal.generation.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                        found.append(int(child))
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Home(tmp_path_factory.mktemp("made") / "home")
    put_built_warehouse(home.settings)
    with (
        running(
            home.root, World(home.root), "--demo", on_terminal=True, variables={"VSF_PORTAL_MADE_NOW": str(NOW)}
        ) as portal,
        sync_api.sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield Site(home, portal, browser)
        browser.close()


def generated(folder: Path, *arguments: str) -> bytes:
    """Return what `vsf generate` writes to standard output."""
    command = [*VSF, "generate", *arguments, "-o", "-"]
    variables = environment(folder, World(folder))
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=True, timeout=60).stdout


def save_download(page: Any, selector: str, path: Path) -> Path:
    with page.expect_download() as found:
        page.click(selector)
    found.value.save_as(path)
    return path


def choose_type(page: Any, row: int, kind: str) -> None:
    """Choose a type, and wait for the form that the portal made for it."""
    page.select_option(f"#c{row}-type", kind)
    page.wait_for_selector(f"#c{row}-type option[selected]:text-is('{kind}')", state="attached")


def fill_options(page: Any, row: int, options: dict[str, Any]) -> None:
    for name, value in options.items():
        text = "\n".join(map(str, value)) if name == "values" else value
        text = ", ".join(map(str, text)) if isinstance(text, list) else str(text)
        page.fill(f"#c{row}-o-{name}", text)


def table_of(page: Any) -> list[list[str]]:
    """Return the header and the rows of the preview."""
    page.wait_for_selector("#preview-table")
    cells = "row => [...row.cells].map(cell => cell.textContent)"
    found: list[list[str]] = page.eval_on_selector_all("#preview-table tr", f"rows => rows.map({cells})")
    return found


def test_a_marketer_builds_a_schema_with_each_type_and_gets_its_files(site: Site, tmp_path: Path) -> None:
    watched, content = site.watched(), every_type()
    page, address = watched.page, site.portal.address
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    page.goto(f"{address}/made-up-files/")
    assert page.inner_text("h1") == "No schema of made-up files yet"
    click(page, "text=New schema")
    page.set_input_files("#file-csv", str(tmp_path / "customers.csv"))
    click(page, "text=Begin with its columns")
    assert [page.input_value(f"#c{row}-type") for row in range(3)] == ["Sequence", "Full Name", "Date"]
    click(page, "button[value=save]:visible")
    page.wait_for_selector("h1:has-text('customers: 3 columns')")
    assert "saved, in use from the next run" in page.inner_text("main")

    page.goto(f"{address}/made-up-files/new/")
    page.fill("#name-empty", "all types")
    click(page, "button[value=empty]")
    page.wait_for_selector("#editor-form")
    for row, column in enumerate(content["columns"]):
        if row:
            click(page, "#add")
            page.wait_for_selector(f"#c{row}-type")
        choose_type(page, row, column["type"])
        page.fill(f"#c{row}-name", column["name"])
        fill_options(page, row, NEEDED.get(column["type"], {}))
    page.fill("#today", content["today"])
    page.wait_for_selector(f"#editor:has(#today[value='{content['today']}']) #preview-table")  # as the portal answered
    shown = table_of(page)
    click(page, "button[value=save]:visible")
    page.wait_for_selector("h1:has-text('all types: 32 columns')")

    save_download(page, "text=Export YAML", tmp_path / "all types.yaml")
    page.goto(f"{address}/made-up-files/")
    click(page, "table a:text-is('customers')")
    save_download(page, "text=Export YAML", tmp_path / "customers.yaml")
    wanted = generated(tmp_path, "all types.yaml", "--rows", "1000", "--schema", "customers.yaml")
    rows = list(csv.reader(io.StringIO(wanted.decode(), newline="")))
    assert shown == rows[:11]

    page.go_back()
    click(page, "table a:text-is('all types')")
    assert table_of(page) == rows[:11]
    assert save_download(page, "#generate-form button", tmp_path / "made.csv").read_bytes() == wanted
    page.context.close()
    assert watched.found == []


def test_a_large_file_is_watched_until_a_run_has_made_it(site: Site, tmp_path: Path) -> None:
    columns = [{"name": "id", "type": "UUID"}, {"name": "city", "type": "City", "locale": "ja_JP"}]
    schema = json.loads(site.ask("POST", "/api/v1/schemas", {"name": "cities", "columns": columns}))["id"]
    watched = site.watched()
    page = watched.page
    page.goto(f"{site.portal.address}/made-up-files/{schema}/")
    page.fill("#rows", f"{NOW + 1:,}")
    page.fill("#seed", "11")
    page.select_option("#format", "jsonl")
    page.dblclick("#generate-form button")  # asks for one file
    page.wait_for_selector("#files >> text=queued")
    cells = page.eval_on_selector_all("#files td, #files th", "cells => cells.map(cell => cell.innerText)")
    assert cells[:6] == ["#", "Created", "File Name", "Rows", "Status", "Actions"]
    assert (cells[6], cells[8], cells[9]) == ("1", "cities_50001_seed11.jsonl", "50,001")
    site.home.ingest(feeds=list(FEEDS))
    assert [made.state for made in fulfil(site.home.warehouse, lambda _: None)] == ["ready"]
    page.wait_for_selector("#files >> text=ready")
    found = save_download(page, "#files a", tmp_path / "made.jsonl").read_bytes()
    save_download(page, "text=Export YAML", tmp_path / "cities.yaml")
    assert found == generated(tmp_path, "cities.yaml", "--rows", str(NOW + 1), "--seed", "11", "--format", "jsonl")
    for progress in (site.home.settings.made / ".requests").iterdir():
        progress.unlink()
    site.load()  # the states too: now the snapshot alone tells
    page.reload()
    assert "ready" in page.inner_text("#files")
    (state,) = json.loads(site.ask("GET", f"/api/v1/schemas/{schema}/files"))["items"]
    assert (state["state"], state["bytes"]) == ("ready", len(found))
    assert site.ask("GET", state["content_url"]) == found
    (made,) = (site.home.settings.made).glob("cities-*/*.jsonl")
    click(page, "text=Delete")
    click(page, "text=Delete the schema and its files")
    page.wait_for_selector("text=cities was deleted; its files go with the next run.")
    site.home.ingest(feeds=list(FEEDS))
    fulfil(site.home.warehouse, lambda _: None)
    assert not made.exists()
    page.context.close()
    assert watched.found == []


def test_what_landed_by_other_ways_is_shown_to_the_platform_and_copied(site: Site, tmp_path: Path) -> None:
    schema = b"name: by hand\ncolumns:\n  - {name: id, type: Sequence}\n"
    site.home.land("fake_schemas/by_hand.schema.yaml", schema, 1)
    site.home.land("fake_requests/two.request.yaml", b"schema: by hand\nrows: 2\nowner: <b>ann</b>\n", 2)
    site.home.ingest(feeds=list(FEEDS))
    assert [made.state for made in fulfil(site.home.warehouse, lambda _: None)] == ["ready"]
    site.load()
    watched = site.watched()
    page = watched.page
    page.goto(f"{site.portal.address}/made-up-files/")
    click(page, "section >> text=by hand")
    assert page.inner_text("h1") == "by hand: 1 file"
    assert "<b>ann</b>" in page.inner_text("table")
    assert save_download(page, "table a", tmp_path / "two.csv").read_bytes() == b"id\n1\n2\n"
    click(page, "text=Copy into the editor")
    assert page.input_value("#name") == "by hand"
    page.context.close()
    assert watched.found == []
    assert list(site.home.settings.made.glob(".requests/.*.tmp")) == []


def let_go(page: Any, held: list[Any]) -> None:
    """Let a request go on that was held, or will be."""
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()


def test_no_press_is_too_early_and_none_is_lost_while_an_answer_is_under_way(site: Site) -> None:
    watched, scripts, answers = site.watched(), list[Any](), list[Any]()
    page = watched.page
    page.goto(f"{site.portal.address}/made-up-files/new/")
    page.fill("#text-csv", "a,b,c\n1,2,3\n")
    page.fill("#name-csv", "pressed")
    page.route("**/made-editor.js", lambda route: scripts.append(route))
    page.click("text=Begin with its columns")
    assert page.locator("#c2-name").count() == 0  # the script comes before the fields
    let_go(page, scripts)
    page.press("#c2-name", "End")

    def hold_first(route: Any) -> None:
        if answers or route.request.method != "POST":
            route.continue_()
        else:
            answers.append(route)

    page.route("**/edit/", hold_first)
    with page.expect_request(lambda request: request.method == "POST"):
        page.keyboard.press("Alt+ArrowUp")
    page.keyboard.type("x")
    page.keyboard.press("Alt+ArrowUp")
    for _ in range(2):
        page.click("#add")
    page.select_option("#c0-type", "Boolean")
    page.focus("#c1-o-from")
    let_go(page, answers)
    page.wait_for_selector("#c4-name")
    page.wait_for_selector("#c1-type option[selected]:text-is('Boolean')", state="attached")
    assert page.evaluate(NAMES) == "cx,a,b,column 4,column 5"

    page.fill("#c0-name", "y")
    page.hover("#add")
    page.mouse.down()
    page.wait_for_timeout(900)  # the first rows of what was typed come, and wait for the button
    page.mouse.up()
    page.wait_for_selector("#c5-name")
    assert page.evaluate(NAMES) == "y,a,b,column 4,column 5,column 6"
    page.context.close()
    assert watched.found == []


def test_rows_move_by_keys_and_the_form_works_without_javascript(site: Site) -> None:
    watched = site.watched()
    page = watched.page
    page.goto(f"{site.portal.address}/made-up-files/new/")
    page.fill("#text-csv", "a,b,c\n1,2,3\n")
    page.fill("#name-csv", "moved")
    click(page, "text=Begin with its columns")
    page.focus("#c2-name")
    for place in (1, 0):
        page.keyboard.press("Alt+ArrowUp")
        page.wait_for_selector(f"#c{place}-name:focus")
    assert page.evaluate(NAMES) == "c,a,b"
    address = page.url
    page.fill("#c0-name", "cc")  # is kept when the page is left
    page.goto(f"{site.portal.address}/made-up-files/")
    page.context.close()
    plain = site.watched(java_script_enabled=False)
    page = plain.page
    page.goto(address)
    click(page, "button[value=down-0]")
    click(page, "#add")
    page.fill("#c3-name", "d")
    page.select_option("#c3-type", "Choice")
    click(page, "button[value=preview]")
    page.fill("#c3-o-values", "x\ny")
    click(page, "button[value=save]")
    assert "moved: 4 columns" in page.inner_text("h1")
    headers = [cell.inner_text() for cell in page.query_selector_all("#preview-table th")]
    assert headers == ["a", "cc", "b", "d"]
    assert page.query_selector("a.refresh")
    page.context.close()
    assert watched.found == plain.found == []


def test_a_client_that_leaves_ends_its_process_and_a_dead_process_ends_the_connection(site: Site) -> None:
    content = {
        "name": "wide",
        "columns": [{"name": f"text {n}", "type": "Text", "from": 9, "to": 9} for n in range(20)],
    }
    schema = json.loads(site.ask("POST", "/api/v1/schemas", content))["id"]
    address, order = f"/api/v1/schemas/{schema}/files", {"rows": NOW, "format": "jsonl"}
    site.ask("POST", address, {"rows": 1})
    connection, answer = site.begin("POST", address, order)
    assert len(answer.read(1000)) == 1000
    makers = set(site.makers())  # each worker of the portal may have one of an earlier request
    answer.close()
    connection.close()
    wait_until(lambda: makers - set(site.makers()))
    connection, answer = site.begin("POST", address, order)
    assert len(answer.read(1000)) == 1000
    for maker in site.makers():
        os.kill(maker, 9)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    connection.close()
    assert len(site.ask("POST", address, {"rows": 5}).splitlines()) == 6  # and goes on
    left = [path.name for path in (site.home.root / "portal").rglob("*") if "export" in path.name and path.is_file()]
    assert left == []


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_pages_fit_the_window_and_pass_the_rules_of_wcag_2_2_aa(site: Site, size: dict[str, int], scheme: str) -> None:
    wcag = Wcag()
    content = {**every_type(f"axe {scheme}"), "columns": every_type()["columns"][::4]}
    schema = json.loads(site.ask("POST", "/api/v1/schemas", content))["id"]
    site.ask("POST", f"/api/v1/schemas/{schema}/files", {"rows": NOW + 1})
    watched = site.watched(viewport=size, color_scheme=scheme, bypass_csp=True)
    page, wide, broken = watched.page, [], []
    for path in ("", "new/", f"{schema}/", f"{schema}/edit/", f"{schema}/delete/"):
        page.goto(f"{site.portal.address}/made-up-files/{path}")
        if path.endswith("edit/"):
            page.fill("#c1-name", "")
            click(page, "button[value=save]:visible")
            page.wait_for_selector("#c1-name-error")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
        broken += [(path, *rule) for rule in wcag.broken(page)]
    page.context.close()
    assert (wide, broken) == ([], [])
