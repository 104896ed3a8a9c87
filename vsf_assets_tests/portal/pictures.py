"""Makes the pictures of docs/portal.md: `make pictures`.

Here: a demo home, a portal on it, and a browser that visits the pages. Not here: what pages must show; people look at
the pictures. It needs chromium, and takes a minute.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import duckdb

from vsf_assets.config.settings import PROJECT_ROOT, child_environment, read_settings
from vsf_assets.pipeline.request_progress import RequestProgress, write_progress
from vsf_assets_tests.portal.test_command import VSF, demo_passwords, running
from vsf_assets_tests.portal.world import World

FOLDER = PROJECT_ROOT / "docs" / "images"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
TALL = {"width": 1280, "height": 1100}
PICTURES = (
    ("home", "engineer", "/", TALL, "light"),
    ("status", "engineer", "/status/?until=2019-05-26", {"width": 1280, "height": 1500}, "dark"),
    ("tables", "reader", "/data/", WIDE, "light"),
    ("table", "reader", "/data/marts/fct_activity_events/?_sort=-event_at", WIDE, "light"),
    ("row", "engineer", "/data/marts/dim_lines/row/?mtn=5552000002&is_current=true", WIDE, "light"),
    ("deliver", "steward", "/deliveries/new/", WIDE, "light"),
    ("dictionaries", "steward", "/dictionaries/", WIDE, "light"),
    (
        "dictionary",
        "reader",
        "/dictionaries/demo_funds/?namespace=ns-1&database=mutual_fund__stg",
        WIDE,
        "light",
    ),
    ("catalog", "reader", "/catalog/songs/?versions__min=2", WIDE, "light"),
    ("receipt", "engineer", "/deliveries/files/?feed=events", TALL, "light"),
    ("phone", "engineer", "/", NARROW, "dark"),
    ("insight", "reader", "/insights/volume/", WIDE, "light"),
    ("campaign", "marketer", "/scores/400/", WIDE, "light"),
    ("made", "marketer", "/made-up-files/", TALL, "light"),
    ("made-editor", "marketer", "/made-up-files/", TALL, "light"),
    ("notices", "engineer", "/notices/", WIDE, "light"),
)
"""Name, role, address, size and scheme of each picture."""

FOLLOWED = {
    "catalog": "tbody th a",
    "receipt": "tr:has(td:nth-child(5):not(:text-is('0'))) a",
    "made": "tbody a",
    "made-editor": "tbody a:text('Edit')",
}
"""Picture -> what is clicked on the page of its address first: a song that changed, a file with bad rows, a schema."""

SCHEMA = {
    "name": "customers",
    "separator": "semicolon",
    "columns": [
        {"name": "id", "type": "Sequence", "from": 1000},
        {"name": "name", "type": "Full Name"},
        {"name": "email", "type": "Email", "unique": True},
        {"name": "born", "type": "Date", "from": "1950-01-01", "to": "2006-12-31"},
        {"name": "plan", "type": "Choice", "values": ["basic", "premium"], "weights": [9, 1]},
    ],
}


def make_schema(home: Path, address: str) -> None:
    """Save a schema, and ask for files of it that are in several states."""
    environment = child_environment({"VSF_HOME": str(home)})
    command = [*VSF, "portal", "token", "demo-marketer"]
    token = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def post(path: str, content: object) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}/api/v1/{path}", json.dumps(content).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    schema = post("schemas", SCHEMA)["id"]
    settings, known = read_settings({"VSF_HOME": str(home)}), set[str]()
    for rows, progress in (
        (1_000_000, RequestProgress("ready", 100, None, 61_540_000, "ab" * 32)),
        (2_000_000, RequestProgress("processing", 37)),
        (500_000, None),
    ):
        post(f"schemas/{schema}/files", {"rows": rows, "seed": 7})
        names = {path.name for path in (home / "landing" / "fake_requests").iterdir()} - known
        known |= names
        for name in names if progress else ():
            write_progress(settings, name.removesuffix(".request.yaml"), progress, print)  # type: ignore[arg-type]


def deliver_badly(home: Path) -> None:
    """Deliver a file that cannot be read, one with many bad rows, and one that the warehouse then loses a row of."""
    rows = [f"{number},{number % 7},{5 if number % 3 else 'x'}" for number in range(9000, 9300)]
    contents = {"clicks_1.csv": ["no clicks"], "clicks_2.csv": ["click_id,banner_id,campaign_id", *rows]}
    run(home, contents)
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb")) as connection:
        connection.execute("delete from raw.clicks where click_id = 9001")
    run(home, {"clicks_3.csv": ["click_id,banner_id,campaign_id", "9500,1,5"]})
    time.sleep(5)  # the watcher scans every two seconds


def run(home: Path, contents: dict[str, list[str]]) -> None:
    """Land files of these lines, and run; a run may fail."""
    environment = child_environment({"VSF_HOME": str(home), "VSF_SETTLE_SECONDS": "0"})
    for name, lines in contents.items():
        file = home.parent / name
        file.write_text("".join(f"{line}\n" for line in lines))
        subprocess.run([*VSF, "land", str(file)], env=environment, check=True, capture_output=True)
    subprocess.run([*VSF, "run"], env=environment, check=False, capture_output=True)


def main() -> None:
    """Make every picture."""
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        sys.exit("no chromium here: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        subprocess.run([*VSF, "demo"], env=child_environment({"VSF_HOME": str(home)}), check=True, capture_output=True)
        with running(home, World(home), "--demo", on_terminal=True) as portal:
            passwords = demo_passwords(portal)
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
            for name, role, address, size, scheme in PICTURES:
                if name == "made":
                    make_schema(home, portal.address)
                if name == "notices":
                    deliver_badly(home)
                page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
                page.goto(f"{portal.address}/account/login/")
                page.fill("[name=login]", f"demo-{role}")
                page.fill("[name=password]", passwords[role])
                page.click("button.main")
                page.goto(portal.address + address)
                if name in FOLLOWED:
                    page.click(FOLLOWED[name])
                page.wait_for_load_state("networkidle")
                page.screenshot(path=str(FOLDER / f"portal-{name}.png"))
            browser.close()


if __name__ == "__main__":
    main()
