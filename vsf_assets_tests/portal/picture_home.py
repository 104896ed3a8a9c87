"""The demo home as the pictures show it: accounts, deliveries, schemas, and questions that a portal of some days has.

Here: what is done to it by commands, by the API, and by pages. Not here: the pages (page_list.py), and their pictures
(pictures.py).
"""

import base64
import hmac
import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import duckdb

from vsf_assets.config.settings import child_environment, read_settings
from vsf_assets.pipeline.request_progress import RequestProgress, write_progress
from vsf_assets_tests.datasets import small_dataset
from vsf_assets_tests.portal.page_list import SMALL
from vsf_assets_tests.portal.test_command import VSF, Running

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
    land_dictionary(home)
    run(home, {})
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


def dictionary_files(folder: Path, *columns: str) -> list[str]:
    """Write the three files of a small dictionary, and return their paths."""
    folder.mkdir(exist_ok=True)
    points = [f"dp-{n},{name},{name.lower()},,what it is,,,Text,,FALSE," for n, name in enumerate(("Name", "Price"), 1)]
    for name, content in small_dataset(columns=columns, datapoints=points).items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in ("namespaces.csv", "columns.csv", "datapoints.csv")]


def land_dictionary(home: Path) -> None:
    """Land the second version of the small dictionary, in which a column stands for another data point."""
    files = dictionary_files(home.parent / "second", "c-1,ns-1,db,t,col,dp-2,Owner", "c-3,ns-1,db,t,new,dp-1,Owner")
    command = [*VSF, "land", "datasets", *files, "--partition", SMALL.split("/")[2]]
    subprocess.run(command, env=child_environment({"VSF_HOME": str(home)}), check=True, capture_output=True)


def fill_by_pages(portal: Running, browser: Any, states: dict[str, Any], folder: Path) -> dict[str, str]:
    """Deliver, invite, ask and keep a question by pages; return name -> address of what came of it."""
    page = browser.new_context(storage_state=states["engineer"]).new_page()
    page.goto(f"{portal.address}/questions/new/")
    page.fill("[name=name]", "Lines by kind of device")
    page.fill("[name=sql]", "select device_grouping, count(*) as lines from marts.dim_lines group by all order by all")
    page.click("main form button.main")
    page.wait_for_url("**/questions/*-*/")
    found = {"question": page.url}
    page.goto(f"{portal.address}/questions/sql/")
    page.fill("[name=sql]", "from marts.fct_daily_active_lines order by event_date")
    page.click("main form button.main")
    page.wait_for_load_state("networkidle")
    page.goto(f"{portal.address}/team/")
    page.click("main a:text-is('~demo-engineer')")
    page.click("form[action$='/invite/'] button")
    found["join"] = page.locator("main .notice code").inner_text()
    delivered = folder / "clicks_4.csv"
    delivered.write_text("click_id,banner_id,campaign_id\n9700,1,5\n9701,x,5\n9702,2,5\n")
    page.goto(f"{portal.address}/deliveries/new/")
    page.set_input_files("input[type=file]", str(delivered))
    found["receipt"] = page.get_attribute(".uploads a[href^='/deliveries/0']", "href")
    page = browser.new_context(storage_state=states["steward"]).new_page()
    page.goto(f"{portal.address}/dictionaries/")
    page.fill("#dataset-name", SMALL.split("/")[2])
    for file in dictionary_files(folder / "first", "c-1,ns-1,db,t,col,dp-1,Owner", "c-2,ns-1,db,t,gone,dp-2,Owner"):
        page.set_input_files(f"#file-{Path(file).stem}", file)
    page.click("#dictionary-upload button.main")
    page.wait_for_url("**/deliveries/*/")
    return {name: address.removeprefix(portal.address) for name, address in (found | {"arrival": page.url}).items()}


def set_up_second_factor(portal: Running, browser: Any, state: Any) -> Any:
    """Give an account a second factor; return the cookies of its session, in which the factor was given."""
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    page.goto(f"{portal.address}/account/2fa/totp/activate/")
    page.fill("[name=code]", one_time_code(page.locator("code.secret").inner_text(), time.time()))
    page.click("main button.main")
    page.wait_for_load_state("networkidle")
    return context.storage_state()


def one_time_code(secret: str, seconds: float) -> str:
    """Return the six digits of RFC 6238 (SHA-1, 30 s) for a secret in base 32 at a time in seconds since 1970."""
    mac = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), int(seconds // 30).to_bytes(8), "sha1")
    place = mac[-1] & 15
    return f"{(int.from_bytes(mac[place : place + 4]) & 0x7FFFFFFF) % 10**6:06}"
