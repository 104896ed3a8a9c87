"""The SQL page and saved questions in a real browser: keys, Stop, charts, without JavaScript, and WCAG.

Here: what JavaScript adds, and that a query ends when its client leaves. Not here: what is answered (test_sql_page.py,
test_questions.py), and the empty pages, which test_browser.py visits.
"""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from vsf_assets_tests.portal.test_browser import BROWSER, NARROW, WIDE, Watched, Wcag, chromium, click, sync_api
from vsf_assets_tests.portal.test_command import Running, demo_passwords, running
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.waiting import wait_until

__all__ = ["chromium", "sync_api"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium"),
]

ENDLESS = "select count(*) from range(10000000) a, range(10000000) b where hash(a.range, b.range) = 1"
LIMIT = 240
"""Seconds after which a query would end by itself."""
DAYS = "select event_date, active_lines from marts.fct_daily_active_lines order by event_date"


@pytest.fixture(scope="module")
def portal(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    home, limit = tmp_path_factory.mktemp("questions") / "home", {"VSF_PORTAL_SQL_SECONDS": str(LIMIT)}
    with running(home, world, "--demo", on_terminal=True, variables=limit) as found:
        yield found, demo_passwords(found)["engineer"]


def signed_in(portal: tuple[Running, str], chromium: Any, **options: Any) -> Watched:
    watched = Watched(chromium.new_context(**options).new_page(), portal[0].address)
    watched.sign_in("demo-engineer", portal[1])
    return watched


def queries(portal: tuple[Running, str]) -> list[str]:
    """Return the processes of queries that run."""
    shown = subprocess.run(
        ["ps", "-ww", "-e", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    )
    found = [line.split(None, 3) for line in shown.stdout.splitlines()]
    workers = set(map(str, portal[0].workers()))
    servers = {pid for pid, parent, _, args in found if parent in workers and "sql.fork_server" in args}
    return [pid for pid, parent, state, _ in found if parent in servers and not state.startswith("Z")]


def test_keys_run_and_stop_and_names_go_into_the_query(portal: tuple[Running, str], chromium: Any) -> None:
    watched = signed_in(portal, chromium, viewport=WIDE)
    page = watched.page
    page.goto(f"{watched.address}/questions/sql/")
    page.fill("#sql", "from ")
    page.locator("details.of-table", has_text="dim_lines").locator("summary").click()
    page.get_by_label("put marts.dim_lines into the query").click()
    assert page.input_value("#sql") == "from marts.dim_lines"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#result table")
    assert re.match(r"\d+ rows? from snapshot", page.inner_text("#title"))
    assert "sql=from+marts.dim_lines&snapshot=" in page.url
    page.fill("#sql", "select mtn,\n  nothing\nfrom marts.dim_lines")
    click(page, "#run")
    page.wait_for_selector("#result .error")
    assert "Line 2, column 3" in page.inner_text("#result")
    assert page.evaluate("document.getElementById('sql').selectionStart") == len("select mtn,\n  ")
    page.fill("#sql", ENDLESS)
    for end in ("#stop", "Escape", "leave"):
        click(page, "#run")
        wait_until(lambda: len(queries(portal)) == 1)
        if end == "leave":
            page.goto(f"{watched.address}/questions/sql/history/")
        else:
            page.keyboard.press(end) if end == "Escape" else click(page, end)
            page.wait_for_function("document.getElementById('state').textContent.startsWith('Stopped after')")
        wait_until(lambda: not queries(portal), LIMIT / 2)

    def stopped() -> int:
        page.reload()
        return int(page.inner_text("main").count("The query was stopped"))

    wait_until(lambda: stopped() == 3)
    assert [line for line in watched.found if "400 (Bad Request)" not in line] == []
    page.context.close()


def test_no_key_is_too_early(portal: tuple[Running, str], chromium: Any) -> None:
    watched = signed_in(portal, chromium, viewport=WIDE)
    page, scripts = watched.page, list[Any]()
    page.route("**/sql-page.js", lambda route: scripts.append(route))
    page.goto(f"{watched.address}/questions/sql/?sql=select+42+as+n", wait_until="commit")
    wait_until(lambda: bool(scripts) or page.wait_for_timeout(20))
    assert page.locator("#sql").count() == 0  # the script comes before the field
    page.evaluate(
        """() => document.addEventListener("DOMContentLoaded", () => {
          document.getElementById("sql").focus();
          document.getElementById("sql").dispatchEvent(
            new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true, cancelable: true}));
        }, {once: true, capture: true})"""
    )
    scripts[0].continue_()
    page.wait_for_selector("#result td:text-is('42')")
    assert watched.found == []
    page.context.close()


def test_a_question_is_saved_and_filtered_without_javascript(portal: tuple[Running, str], chromium: Any) -> None:
    watched = signed_in(portal, chromium, viewport=WIDE, java_script_enabled=False)
    page = watched.page
    page.goto(f"{watched.address}/questions/sql/?sql=from+marts.dim_lines")
    assert page.locator("#result table").count() == 0  # an address runs nothing
    page.fill("#sql", "select device_grouping, count(*) as lines from marts.dim_lines where mtn < $number group by all")
    click(page, "text=Save as a question")
    page.fill("[name=name]", "Lines below a number")
    assert page.input_value("[name=p0-name]") == "number"
    page.fill("[name=p0-default]", "9")
    page.select_option("[name=shape]", "bar")
    click(page, "main button.main")
    page.wait_for_selector("#content table")
    assert page.inner_text("h1") == "Lines below a number"
    assert page.locator("figure.chart").is_hidden()  # the table stands below the chart, and is there without it
    page.fill("[name=number]", "0")
    click(page, "main button.main")
    assert "No row fits" in page.inner_text("main")
    assert page.url.endswith("?number=0")
    page.context.close()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_a_chart_is_drawn_and_pages_pass_the_rules_of_wcag_2_2_aa(
    portal: tuple[Running, str], chromium: Any, size: dict[str, int], scheme: str
) -> None:
    wcag = Wcag()
    watched = signed_in(portal, chromium, viewport=size, color_scheme=scheme, bypass_csp=True)
    page = watched.page
    page.goto(f"{watched.address}/questions/new/")
    page.fill("[name=name]", f"Active lines, {scheme}")
    page.fill("[name=sql]", DAYS)
    page.select_option("[name=shape]", "line")
    click(page, "button.main:has-text('Save')")
    page.wait_for_selector("figure.chart[data-drawn=yes] svg")
    question, broken = page.url, []
    of_question = [f"{question}{path}" for path in ("", "?nothing=1", "edit/", "versions/")]
    for address in (*of_question, "/questions/", "sql"):
        if address == "sql":
            page.goto(f"{watched.address}/questions/sql/")
            page.fill("#sql", DAYS)
            click(page, "#run")
            page.wait_for_selector("#result table")
        else:
            page.goto(address if address.startswith("http") else watched.address + address)
        broken += [(address, *rule) for rule in wcag.broken(page)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            broken.append((address, "too wide", scheme))
    page.context.close()
    assert (broken, watched.found) == ([], [])
