"""Dictionaries in a real browser: files under any names, refusals before anything is sent, findings as a download.

Here: one home that begins empty; the test itself loads what lands, as the service does. Not here: what pages say
(test_dictionaries.py), and the service, which loads a landed file by itself (dagster/).
"""

import csv
import http.client
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.portal.dictionaries import ODD, ODD_FILES, SAMPLE, SMALL_1, sample_files
from vsf_assets_tests.portal.test_browser import BROWSER, NARROW, WIDE, Watched, Wcag, click, sync_api
from vsf_assets_tests.portal.test_command import Running, demo_passwords, running
from vsf_assets_tests.portal.test_dictionaries import FINDINGS, FUND_ID
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import Home

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium"),
]

OTHER_NAMES = {"Zweite.csv": "datapoints.csv", "first file.txt": "namespaces.csv", "b.csv": "columns.csv"}
FORM = "#dictionary-upload"
CHOSEN = "[...document.querySelectorAll('input[type=file]')].map(each => each.files[0] ? each.files[0].name : '')"
DROP = """files => {
    const dropped = new DataTransfer();
    for (const [name, bytes] of files) dropped.items.add(new File([Uint8Array.from(bytes)], name));
    document.querySelector("#dictionary-upload").dispatchEvent(
        new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
}"""


class Site:
    """A home, the portal on it, and a browser."""

    def __init__(self, home: Home, portal: Running, browser: Any) -> None:
        self.home, self.portal, self.browser = home, portal, browser
        self.password = demo_passwords(portal)["steward"]

    def watched(self, **options: Any) -> Watched:
        """Return a page on which a steward is signed in."""
        context = self.browser.new_context(**{"viewport": WIDE, "accept_downloads": True, **options})
        watched = Watched(context.new_page(), self.portal.address)
        watched.sign_in("demo-steward", self.password)
        return watched

    def load(self) -> None:
        """Load what landed, and publish it."""
        report = self.home.ingest(feeds=["datasets", "dataset_changes"])
        assert (report.failed, report.left) == ([], [])
        build_pending(self.home.warehouse, checked=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = Home(tmp_path_factory.mktemp("dictionaries") / "home")
    put_built_warehouse(home.settings)
    with (
        running(home.root, World(home.root), "--demo", on_terminal=True) as portal,
        sync_api.sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield Site(home, portal, browser)
        browser.close()


def wait_for_files(page: Any, names: str) -> None:
    """Wait until the three fields hold files of these names; the page itself may not evaluate texts."""
    for _ in range(1200):
        found = page.evaluate(f"{CHOSEN}.join()")
        if found == names:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the fields hold {found}, not {names}")


def paths_of(folder: Path, files: dict[str, bytes]) -> dict[str, str]:
    """Write files under other names, and return each name -> its path."""
    for name, kind in OTHER_NAMES.items():
        (folder / name).write_bytes(files[kind])
    return {name: str(folder / name) for name in OTHER_NAMES}


def test_a_newcomer_delivers_a_dictionary_and_gets_its_findings_and_data_points(
    site: Site, samples: Path, tmp_path: Path
) -> None:
    watched, files = site.watched(), sample_files(samples)
    page = watched.page
    page.goto(f"{site.portal.address}/dictionaries/")
    assert page.inner_text("h1") == "No dictionary yet"
    page.fill("#dataset-name", SAMPLE)
    page.evaluate(DROP, [[name, list(files[kind])] for name, kind in OTHER_NAMES.items()])
    wait_for_files(page, "first file.txt,b.csv,Zweite.csv")
    with page.expect_download() as found:
        click(page, f"{FORM} button.main")
        page.wait_for_selector(f"h1:has-text('{SAMPLE} has landed')")
        site.load()
    assert found.value.suggested_filename == "anomalies_report.csv"
    found.value.save_as(tmp_path / "report.csv")
    rows = list(csv.DictReader((tmp_path / "report.csv").open(encoding="utf-8", newline="")))
    assert [(row["file"], row["line"], row["anomaly"]) for row in rows] == FINDINGS
    assert "dp-404" in [row["value"] for row in rows]  # the team delivered them, so their values are shown
    assert page.inner_text("h1") == f"Version 1 of {SAMPLE} is loaded, with 8 findings"
    page.reload()  # does not start the download again
    click(page, "text=Browse version 1")
    for level, name in FUND_ID.items():
        page.select_option(f"#select-{level}", name)
        page.wait_for_url(f"**{level}={name}*")
    assert page.inner_text("h1") == "2 data points found"
    page.fill("#file-name", "fund id")
    with page.expect_download() as found:
        click(page, "#report-form button")
    assert found.value.suggested_filename == "fund id.json"
    found.value.save_as(tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    points = report["Managed_Investment_Data_namespaces"]["ns-3"]["databases"][0][FUND_ID["database"]]
    assert [list(point) for point in points] == [["dp-1"], ["dp-2"]]
    page.select_option("#select-namespace", "ns-1")
    page.wait_for_url("**?namespace=ns-1")
    assert page.input_value("#select-database") == ""
    page.context.close()
    assert watched.found == []


def test_wrong_files_are_named_before_anything_is_sent(site: Site, tmp_path: Path) -> None:
    watched, paths = site.watched(), paths_of(tmp_path, SMALL_1)
    (tmp_path / "other.csv").write_bytes(SMALL_1["columns.csv"])
    (tmp_path / "notes.csv").write_bytes(b"a,b\n1,2\n")
    page, sent = watched.page, []
    page.goto(f"{site.portal.address}/dictionaries/")
    page.on("request", lambda request: "/static/" in request.url or sent.append((request.method, request.url)))
    page.fill("#dataset-name", "wrong")
    page.set_input_files("#file-namespaces", paths["b.csv"])  # goes into the field of its header
    wait_for_files(page, ",b.csv,")
    click(page, f"{FORM} button.main")
    page.wait_for_selector("text=The file of namespaces and of datapoints is missing; add it.")
    page.set_input_files("#file-namespaces", str(tmp_path / "other.csv"))
    page.wait_for_selector("text=other.csv and b.csv are both columns; leave one of them out.")
    page.set_input_files("#file-namespaces", str(tmp_path / "notes.csv"))
    page.wait_for_selector("text=notes.csv has none of the three headers")
    wait_for_files(page, ",b.csv,")  # what was right stays
    click(page, f"{FORM} button.main")
    page.wait_for_timeout(100)
    assert sent == []
    names = {kind: name for name, kind in OTHER_NAMES.items()}
    page.set_input_files("#file-columns", paths[names["datapoints.csv"]])  # no file is lost in the wrong field
    wait_for_files(page, f",b.csv,{names['datapoints.csv']}")
    page.set_input_files("#file-datapoints", paths[names["namespaces.csv"]])
    wait_for_files(page, f"{names['namespaces.csv']},b.csv,{names['datapoints.csv']}")
    page.context.close()
    assert watched.found == []


def test_the_browser_and_the_server_read_headers_alike(site: Site) -> None:
    from vsf_assets.portal.datasets.file_kinds import kind_of

    columns = SMALL_1["columns.csv"].splitlines()[0].decode()
    heads = [
        *(content.decode() for content in SMALL_1.values()),
        "\ufeff" + columns.replace(",", ";").upper() + "\r\n",
        f'sep=|\n"{columns.replace(",", chr(34) + "|" + chr(34))}"\n',
        f"sep=;\n{columns}\n",
        f"\n,,\n {columns.replace(',', ' , ')},,\n",
        ",".join(reversed(columns.split(","))),
        SMALL_1["datapoints.csv"].decode().replace("approved_abreviations", "approved_abbreviations"),
        columns.replace("column_id", ""),
        f"{columns},more",
        f"x{columns}",
        "",
        "\n\n",
        '"' + columns,
    ]
    watched = site.watched()
    watched.page.goto(f"{site.portal.address}/dictionaries/")
    found = [watched.page.evaluate("text => kindOfText(text)", head) for head in heads]
    watched.page.context.close()
    assert found == [kind_of(head.encode()) for head in heads]


def put_beginning(url: str, content: bytes, headers: dict[str, str]) -> None:
    """Announce all bytes, send 100,000 of them, and hang up."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=10)
    connection.putrequest("PUT", place.path)
    for name, value in {**headers, "content-length": str(len(content))}.items():
        connection.putheader(name, value)
    connection.endheaders(content[:100_000])
    connection.close()


def test_an_upload_goes_on_where_the_line_broke(site: Site, tmp_path: Path) -> None:
    watched = site.watched()
    page, offsets = watched.page, []
    columns = SMALL_1["columns.csv"] + b"".join(b"x-%d,ns-1,db,t,c,dp-1,O\n" % number for number in range(40_000))
    paths = paths_of(tmp_path, {**SMALL_1, "columns.csv": columns})

    def break_second(route: Any) -> None:
        """Send a part of the second file, and then break the line; HEAD and later bytes go through."""
        request = route.request
        if request.method == "PUT":
            offsets.append(request.headers.get("upload-offset"))
        if request.method == "PUT" and len(offsets) == 2:
            headers = {"x-vsf-upload-token": request.headers["x-vsf-upload-token"]}
            with suppress(OSError):
                put_beginning(request.url, columns, headers)
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/uploads/**", break_second)
    page.goto(f"{site.portal.address}/dictionaries/")
    page.fill("#dataset-name", "broken line")
    for field, name in (("namespaces", "first file.txt"), ("columns", "b.csv"), ("datapoints", "Zweite.csv")):
        page.set_input_files(f"#file-{field}", paths[name])
    wait_for_files(page, "first file.txt,b.csv,Zweite.csv")
    click(page, f"{FORM} button.main")
    page.wait_for_selector("h1:has-text('broken line has landed')")
    page.context.close()
    assert offsets == [None, None, "100000", None]
    assert (site.home.landing / "datasets" / "broken line" / "columns.csv").read_bytes() == columns


def test_everything_works_without_javascript(site: Site, tmp_path: Path) -> None:
    paths = paths_of(tmp_path, ODD_FILES)
    watched = site.watched(java_script_enabled=False)
    page = watched.page
    page.goto(f"{site.portal.address}/dictionaries/")
    page.fill("#dataset-name", ODD)
    for field, name in zip(("namespaces", "columns", "datapoints"), paths, strict=True):
        page.set_input_files(f"#file-{field}", paths[name])  # in any order
    with page.expect_download() as found:
        click(page, f"{FORM} button.main")
        page.wait_for_selector("h1:has-text('has landed')")
        site.load()
    assert found.value.suggested_filename == "anomalies_report.csv"
    click(page, "text=Browse version 1")
    page.select_option("#select-namespace", "ns-1")
    click(page, ".cascade button")
    click(page, "table.choices a")
    page.wait_for_selector("h1:has-text('1 data point found')")
    page.context.close()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_pages_fit_the_window_and_pass_the_rules_of_wcag_2_2_aa(site: Site, size: dict[str, int], scheme: str) -> None:
    wcag = Wcag()
    watched = site.watched(viewport=size, color_scheme=scheme, bypass_csp=True)
    page, wide, broken = watched.page, [], []
    base = f"/dictionaries/{SAMPLE}/"
    selected = "&".join(f"{level}={name}" for level, name in FUND_ID.items())
    for path in ("/dictionaries/", base, f"{base}?{selected}", f"{base}versions/", f"{base}versions/1/anomalies/"):
        page.goto(site.portal.address + path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
        broken += [(path, *rule) for rule in wcag.broken(page)]
    page.context.close()
    assert (wide, broken) == ([], [])
