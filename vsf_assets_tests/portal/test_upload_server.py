"""Uploads through a real server and in a browser: kills, broken lines, progress, and going on.

Here: few and whole ways. Not here: each refusal (test_uploads.py), and gigabytes (benchmarks/uploads.py).
"""

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.portal.test_browser import WIDE, Watched, click
from vsf_assets_tests.portal.test_command import Running, demo_passwords, environment, running, vsf, wait_for
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.waiting import wait_until

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.slow

SIZE = 12_000_000


REMEMBER_STATES = """() => {
    window.states = [];
    const item = document.querySelector("#uploads li");
    new MutationObserver(() => window.states.push(item.className)).observe(item, {attributeFilter: ["class"]});
}"""
"""Keeps what an upload says; a page may go on before somebody looks."""


class Served:
    """A portal, a home, and a token of a steward."""

    def __init__(self, portal: Running, home: Path, token: str) -> None:
        self.portal, self.home, self.token = portal, home, token

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    def begin(self, name: str, size: int) -> Any:
        body = json.dumps({"file_name": name, "bytes": size}).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.portal.address}/api/v1/uploads", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def ask(self, method: str, begun: Any, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.portal.address.removeprefix("http://"), timeout=20)
        path = begun["url"].removeprefix(self.portal.address)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"X-Vsf-Upload-Token": begun["token"], **given})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def kill_worker(self) -> None:
        (worker,) = self.portal.workers()
        os.kill(worker, signal.SIGKILL)


@pytest.fixture(scope="module")
def served(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[str, str]]]:
    home = tmp_path_factory.mktemp("uploads") / "home"
    (home / "landing").mkdir(parents=True)
    with running(home, world, "--demo", on_terminal=True) as portal:
        passwords = demo_passwords(portal)
        token = vsf(home, world, "portal", "token", "demo-steward", "--scope", "deliver").stdout.strip()
        yield Served(portal, home, token), passwords


def test_an_upload_goes_on_after_a_broken_line_and_a_kill(served: tuple[Served, dict[str, str]]) -> None:
    site = served[0]
    content = os.urandom(3_000_000)
    begun = site.begin("clicks_1.csv", len(content))
    with socket.create_connection(("127.0.0.1", int(site.portal.address.rpartition(":")[2]))) as line:
        path = begun["url"].removeprefix(site.portal.address)
        head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Vsf-Upload-Token: {begun['token']}\r\n"
        line.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[:1_000_000])
        while int(site.ask("HEAD", begun)[1]["upload-offset"]) < 500_000:  # others are answered meanwhile
            time.sleep(0.01)
        assert json.loads(site.portal.get("/healthz")) == {"status": "ok"}
    site.kill_worker()
    time.sleep(0.3)
    wait_for(site.portal)
    offset = int(site.ask("HEAD", begun)[1]["upload-offset"])
    assert 500_000 <= offset <= 1_000_000
    status, _, body = site.ask("PUT", begun, content[offset:], Upload_Offset=str(offset))
    assert (status, json.loads(body)["sha256"]) == (201, hashlib.sha256(content).hexdigest())
    assert (site.landing / "clicks/1/clicks_1.csv").read_bytes() == content
    assert site.ask("PUT", begun, content)[0] == 409
    assert [path.name for path in (site.landing / ".vsf-uploads").glob("*.part")] == []


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("jq") is None, reason="curl or jq is not installed")
def test_the_curl_lines_of_the_page_work(served: tuple[Served, dict[str, str]], world: World, tmp_path: Path) -> None:
    site, passwords = served
    site.portal.send("/account/login/", login="demo-steward", password=passwords["steward"])
    page = site.portal.get("/deliveries/new/")
    from html import unescape

    lines = [unescape(block) for block in re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL)]
    content = os.urandom(300_000)
    (tmp_path / "clicks_2.csv").write_bytes(content)
    send, go_on = (text.replace("clicks_1.csv", "clicks_2.csv") for text in lines[-2:])
    begin_only, _, put = send.rpartition("\ncurl -T")
    assert put
    broken = 'head -c 100000 $file | curl -sS -X PUT --data-binary @- -H "X-Vsf-Upload-Token: $token" $url >/dev/null'
    script = "\n".join([begin_only, broken, go_on.replace("curl -T", "curl -sS -T")])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env={**os.environ, "VSF_TOKEN": site.token},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["sha256"] == hashlib.sha256(content).hexdigest(), done.stderr
    assert environment(site.home, world)["VSF_HOME"] == str(site.home)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


def signed_in(served: tuple[Served, dict[str, str]], chromium: Any) -> Watched:
    site, passwords = served
    watched = Watched(chromium.new_context(viewport=WIDE).new_page(), site.portal.address)
    watched.sign_in("demo-steward", passwords["steward"])
    watched.page.goto(f"{site.portal.address}/deliveries/new/")
    return watched


def slowed(page: Any, bytes_per_second: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second},
    )


def wait_until_sent(page: Any, share: float) -> None:
    """Wait until the bar shows a share of SIZE; the page's policy forbids Playwright's own way to wait for it."""
    until = time.monotonic() + 120
    while page.evaluate("document.querySelector('#uploads progress').value") < share * SIZE:
        assert time.monotonic() < until, page.inner_text("#uploads")
        page.wait_for_timeout(50)
    slowed(page, 1000)  # and no further, whatever this machine does meanwhile


def test_files_are_dropped_and_land_with_a_bar_each(served: tuple[Served, dict[str, str]], chromium: Any) -> None:
    site = served[0]
    watched = signed_in(served, chromium)
    page = watched.page
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            for (const name of ["clicks_3.csv", "unknown.csv", ".hidden.csv"]) {
                data.items.add(new File(["a,b\\n1,2\\n"], name));
            }
            document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true}));
        }"""
    )
    page.wait_for_selector("#uploads .landed")
    page.wait_for_selector("#uploads .refused")
    asking = page.locator("#uploads .asking")
    asking.locator("select").first.select_option("clicks")
    asking.locator("select.partition").select_option("4")
    asking.get_by_role("button", name="Send").click()
    page.locator("#uploads .landed").nth(1).wait_for()
    assert page.inner_text("#summary") == "2 of 3 files landed, 1 not delivered"
    assert page.locator("#uploads .landed a").first.get_attribute("href").startswith("/deliveries/0")
    assert "hidden files" in page.inner_text("#uploads .refused")
    assert (site.landing / "clicks/3/clicks_3.csv").read_bytes() == b"a,b\n1,2\n"
    assert (site.landing / "clicks/4/unknown.csv").read_bytes() == b"a,b\n1,2\n"
    assert [text for text in watched.found if "status of 422" not in text] == []
    page.context.close()


def test_an_upload_goes_on_by_itself_after_a_kill_and_in_a_new_page(
    served: tuple[Served, dict[str, str]], chromium: Any, tmp_path: Path
) -> None:
    site = served[0]
    content = os.urandom(SIZE)
    file = tmp_path / "impressions_1.csv"
    file.write_bytes(content)
    page = signed_in(served, chromium).page
    slowed(page, 3_000_000)
    page.set_input_files("#id_files", file)
    wait_until_sent(page, 0.2)
    page.evaluate(REMEMBER_STATES)
    site.kill_worker()
    wait_until(lambda: {"broken", "sending"} <= set(page.evaluate("window.states")))
    slowed(page, 3_000_000)
    wait_until_sent(page, 0.5)
    context = page.context
    page.close()
    page = context.new_page()
    page.goto(f"{site.portal.address}/deliveries/new/")
    assert "impressions_1.csv" in page.inner_text("#broken")
    page.set_input_files("#id_files", file)
    page.wait_for_selector("#uploads .landed")
    assert page.locator("#broken").is_hidden()
    landed = site.landing / "impressions/1/impressions_1.csv"
    assert hashlib.sha256(landed.read_bytes()).digest() == hashlib.sha256(content).digest()
    page.goto(f"{site.portal.address}/deliveries/?feed=impressions")
    assert page.locator("tbody tr").count() == 1  # one delivery, over a kill and a reload
    assert "landed" in page.inner_text("tbody tr")
    page.context.close()


def test_the_same_file_for_another_partition_or_account_is_another_upload(
    served: tuple[Served, dict[str, str]], chromium: Any
) -> None:
    """A remembered upload of the same file for partition 1, or of somebody else, does not go on for partition 2."""
    site = served[0]
    page = signed_in(served, chromium).page

    def choose(partition: str) -> None:
        page.evaluate(
            """(partition) => {
                document.getElementById("id_feed").value = "clicks";
                document.getElementById("id_partition").value = partition;
                const data = new DataTransfer();
                data.items.add(new File(["a,b\\n1,2\\n"], "same.csv", { lastModified: 1500000000000 }));
                const drop = new DragEvent("drop", {dataTransfer: data, bubbles: true});
                document.getElementById("drop").dispatchEvent(drop);
            }""",
            partition,
        )

    page.route("**/content", lambda route: route.abort())
    choose("1")
    page.wait_for_selector("#uploads .broken")
    remembered = json.loads(page.evaluate("localStorage.getItem('vsf-uploads')"))
    assert len(remembered) == 1
    context = page.context
    page.close()  # as a laptop does; the page itself would ask first
    page = context.new_page()
    page.goto(f"{site.portal.address}/deliveries/new/")
    assert "clicks 1" in page.inner_text("#remembered")
    choose("2")
    page.wait_for_selector("#uploads .landed")
    assert (site.landing / "clicks/2/same.csv").exists()
    assert not (site.landing / "clicks/1/same.csv").exists()
    assert "clicks 1" in page.inner_text("#remembered")
    choose("1")
    page.locator("#uploads .landed").nth(1).wait_for()
    assert (site.landing / "clicks/1/same.csv").exists()
    assert page.locator("#broken").is_hidden()
    ((key, upload),) = remembered.items()
    foreign = {key: {**upload, "account": "somebody else"}}
    page.evaluate("(text) => localStorage.setItem('vsf-uploads', text)", json.dumps(foreign))
    page.reload()
    assert page.locator("#broken").is_hidden()
    assert page.evaluate("localStorage.getItem('vsf-uploads')") == "{}"
    context.close()


def test_the_form_delivers_small_files_without_javascript(
    served: tuple[Served, dict[str, str]], chromium: Any, tmp_path: Path
) -> None:
    site, passwords = served
    page = chromium.new_context(viewport=WIDE, java_script_enabled=False).new_page()
    page.goto(f"{site.portal.address}/deliveries/new/")
    page.fill("[name=login]", "demo-steward")
    page.fill("[name=password]", passwords["steward"])
    click(page, "button.main")
    file = tmp_path / "conversions_1.csv"
    file.write_bytes(b"conversion_id,click_id,revenue\n1,1,0.5\n")
    page.set_input_files("#id_files", file)
    click(page, "button.main")
    assert "conversions_1.csv has landed" in page.inner_text("main")
    assert (site.landing / "conversions/1/conversions_1.csv").read_bytes() == file.read_bytes()
    file.write_bytes(bytes(3_000_000))
    page.set_input_files("#id_files", file)
    click(page, "button.main")
    assert "too large for a form" in page.inner_text("h1")
    assert page.evaluate("document.styleSheets[0].cssRules.length") > 100  # with the look of every page
    assert page.locator("main a.button").first.get_attribute("href") == "/deliveries/new/"
    page.context.close()
