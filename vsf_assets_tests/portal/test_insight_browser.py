"""Charts in a real browser: drawn under the portal's policy, in light, dark, narrow, printed, with one value, and none.

Here: marks of each chart, reports of the policy, foreign requests, accessibility, no JavaScript, and the chart of an
HTML report. Not here: figures (test_insights.py), and what people see (pictures).
"""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.charts.inline_charts import inline_json, inline_script, inline_style
from vsf_assets.charts.specs import chart
from vsf_assets.portal.insights.all_insights import INSIGHTS
from vsf_assets_tests.portal.test_browser import (
    NARROW,
    PATIENCE,
    WIDE,
    Watched,
    Wcag,
    chromium,
    click,
    portal_and_passwords,
)
from vsf_assets_tests.portal.test_command import Running
from vsf_assets_tests.portal.world import World

__all__ = ["chromium", "portal_and_passwords"]

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        (shutil.which("chromium") or shutil.which("chromium-browser")) is None,
        reason="no chromium here: apt-get install chromium",
    ),
]

DRAWN = [name for name, found in INSIGHTS.items() if found.spec and not found.measure]
"""Insights with a chart; the campaign of the samples earned nothing, so charts of revenue get rows of their own."""
MARKS = ".role-mark path"
"""What is drawn for rows, not for axes and legends."""
WHOLE = {
    name: "?" + "&".join(f"{one.name}=" for one in found.filters if one.default) for name, found in INSIGHTS.items()
}


@pytest.fixture(scope="module")
def signed_in(portal_and_passwords: tuple[Running, dict[str, str]], chromium: Any) -> Iterator[tuple[str, Any]]:
    """Return the portal's address and the state of a browser in which an engineer signed in."""
    portal, passwords = portal_and_passwords
    context = chromium.new_context(viewport=WIDE)
    Watched(context.new_page(), portal.address).sign_in("demo-engineer", passwords["engineer"])
    state = context.storage_state()
    context.close()
    return portal.address, state


def drawn(page: Any) -> int:
    """Return how many marks the chart of a page has, when it is drawn."""
    page.wait_for_selector("figure.chart[data-drawn]", timeout=PATIENCE)
    return int(page.locator(f"figure.chart {MARKS}").count())


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_every_chart_is_drawn_under_the_policy(
    signed_in: tuple[str, Any], chromium: Any, size: dict[str, int], scheme: str
) -> None:
    address, state = signed_in
    context = chromium.new_context(viewport=size, color_scheme=scheme, storage_state=state)
    watched = Watched(context.new_page(), address)
    page, empty, wide = watched.page, [], []
    for path in [*(f"/insights/{name}/{WHOLE[name]}" for name in DRAWN), "/insights/"]:
        page.goto(address + path)
        if path != "/insights/" and not drawn(page):
            empty.append(path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
    context.close()
    assert (watched.found, empty, wide) == ([], [], [])


def test_one_value_is_drawn_and_none_is_said(signed_in: tuple[str, Any], chromium: Any) -> None:
    address, state = signed_in
    context = chromium.new_context(viewport=WIDE, storage_state=state)
    watched = Watched(context.new_page(), address)
    for name in ("volume", "activity", "active-lines", "devices"):
        watched.page.goto(f"{address}/insights/{name}/?from=2019-05-20&to=2019-05-20")
        assert drawn(watched.page), name
        watched.page.goto(f"{address}/insights/{name}/?from=2030-01-01")
        assert watched.page.locator("figure.chart, script[src*='vega']").count() == 0
        assert "No row fits" in watched.page.inner_text("main")
    for path in ("scores/7/", "insights/campaigns/"):  # it earned nothing: an axis without bars says nothing
        watched.page.goto(f"{address}/{path}")
        assert watched.page.locator("figure.chart").count() == 0
        assert watched.page.locator("tbody tr").count() == 1
    assert watched.page.inner_text("h1") == "1 campaign, and none earned anything"
    context.close()
    assert watched.found == []


def test_marks_are_as_high_as_their_figures(signed_in: tuple[str, Any], chromium: Any) -> None:
    address, state = signed_in
    context = chromium.new_context(viewport=WIDE, storage_state=state)
    page = context.new_page()
    page.goto(f"{address}/insights/activity-totals/?by=type&from=")
    assert drawn(page)
    figures = [int(text.replace(",", "")) for text in page.locator("tbody td:nth-child(2)").all_inner_texts()]
    widths = [box["width"] for box in (bar.bounding_box() for bar in page.locator(".mark-rect.role-mark path").all())]
    assert len(widths) == len(figures) > 2
    assert [width / widths[0] for width in widths] == pytest.approx([n / figures[0] for n in figures], abs=0.01)
    page.locator(".mark-rect.role-mark path").first.hover()
    page.locator(".chart-tip", has_text=re.compile(f"events: {figures[0]:,}|events: {figures[0]}")).wait_for()
    context.close()


def test_a_printed_page_is_light_and_fits(signed_in: tuple[str, Any], chromium: Any, tmp_path: Path) -> None:
    address, state = signed_in
    context = chromium.new_context(viewport=WIDE, color_scheme="dark", storage_state=state)
    page = context.new_page()
    page.goto(f"{address}/insights/volume/{WHOLE['volume']}")
    assert drawn(page)
    page.emulate_media(media="print", color_scheme="dark")
    shown = {
        name: page.locator(name).first.is_visible() for name in ("header.bar", "form.filters", ".same", ".foot form")
    }
    assert not any(shown.values()), shown
    assert page.locator(".foot").inner_text().startswith("Snapshot ")
    style = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    label = page.evaluate("getComputedStyle(document.querySelector('.role-axis-label text')).fill")
    assert (style, label) == ("rgb(255, 255, 255)", "rgb(89, 101, 110)")
    page.set_viewport_size({"width": 700, "height": 1000})  # a sheet of A4
    assert page.evaluate("document.querySelector('.chart svg').getBoundingClientRect().right <= innerWidth")
    assert len(page.pdf(format="A4")) > 10_000
    page.goto(f"{address}/insights/activity/?by=type&from=2019-05-01&segment=Millenials")
    assert page.locator(".printed").inner_text() == "By: type; From: 2019-05-01; Segment: Millenials"
    right = "document.querySelector('.figures-table table').getBoundingClientRect().right <= innerWidth"
    for path in ("scores/7/", "insights/scores/", "insights/limited-lines/?type=&active=all"):
        page.goto(f"{address}/{path}")
        assert page.evaluate(right), path  # also the sentence that says why, and every column
    context.close()


def test_labels_are_whole_numbers_and_whole_names(signed_in: tuple[str, Any], chromium: Any) -> None:
    address, state = signed_in
    context = chromium.new_context(viewport=NARROW, storage_state=state)
    page = context.new_page()
    texts = {}
    for path in ("before-activation/?from=", "activity/?by=type&from=", "retention/?from="):
        page.goto(f"{address}/insights/{path}")
        assert drawn(page)
        texts[path.partition("/")[0]] = page.locator(
            ".role-axis-label text, .role-legend-label text"
        ).all_text_contents()
    context.close()
    assert not [text for found in texts.values() for text in found if "…" in text]
    assert not [text for text in texts["before-activation"] if "." in text]
    later = [int(text) for text in texts["retention"] if text.isdecimal()]
    assert len({after - before for before, after in pairwise(later)}) == 1


def test_without_javascript_the_table_is_there(signed_in: tuple[str, Any], chromium: Any) -> None:
    address, state = signed_in
    context = chromium.new_context(viewport=WIDE, java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(f"{address}/insights/volume/{WHOLE['volume']}")
    assert not page.locator("figure.chart").is_visible()
    assert page.locator("table tbody tr").count() > 3
    page.fill("[name=from]", "2019-05-20")
    page.fill("[name=to]", "2019-05-20")
    click(page, "form.filters button")
    assert page.locator("table tbody tr").count() == 1
    context.close()


def test_charts_pass_the_rules_of_wcag_2_2_aa(signed_in: tuple[str, Any], chromium: Any) -> None:
    wcag = Wcag()
    address, state = signed_in
    broken = []
    for scheme in ("light", "dark"):
        context = chromium.new_context(viewport=WIDE, color_scheme=scheme, bypass_csp=True, storage_state=state)
        page = context.new_page()
        for path in ("volume", "anomalies", "retention", "activity", "limited-lines"):
            page.goto(f"{address}/insights/{path}/{WHOLE[path]}")
            if path in DRAWN:
                assert drawn(page)
                label = page.locator(".chart [role=graphics-document]").get_attribute("aria-label")
                assert label
                assert INSIGHTS[path].question in label
            broken += [(scheme, path, *rule) for rule in wcag.broken(page)]
        context.close()
    assert broken == []


def test_pages_without_charts_load_no_bundle(signed_in: tuple[str, Any], chromium: Any) -> None:
    address, state = signed_in
    context = chromium.new_context(viewport=WIDE, storage_state=state)
    page, sizes = context.new_page(), dict[str, int]()
    page.on("response", lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", 0))}))
    page.goto(f"{address}/insights/")
    page.goto(f"{address}/insights/limited-lines/")
    assert not any("vega" in url for url in sizes)
    page.goto(f"{address}/insights/volume/")
    (bundle,) = [url for url in sizes if url.endswith("/charts/vega.js")]
    assert sizes[bundle] < 310_000
    context.close()


def test_charts_of_revenue_draw_a_bar_for_each_row(chromium: Any, tmp_path: Path) -> None:
    campaigns = chart("campaigns", ("campaign_id", "revenue"), [(500, 1996.09), (400, 998.045), (100, 0)], "what")
    names = ("rank", "banner_id", "revenue", "rule")
    banners = chart("scores", names, [(1, 12345, 8.0, "top_revenue"), (10, 1, 2.0, "top_revenue")], "what")
    page, widths = chromium.new_context(viewport=NARROW).new_page(), []
    for spec in (campaigns, banners):
        boxes = boxes_of(page, tmp_path, spec)
        assert len(boxes) == len(spec["data"]["values"])
        assert not [text for text in page.locator("svg text").all_text_contents() if "…" in text]
        widths.append([box["width"] for box in boxes])
    page.context.close()
    assert widths[0][1] / widths[0][0] == pytest.approx(1 / 2, abs=0.02)
    assert widths[1][1] / widths[1][0] == pytest.approx(1 / 4, abs=0.02)


def test_the_band_of_a_single_day_is_seen(chromium: Any, tmp_path: Path) -> None:
    names = ("day", "events", "expected", "lower_bound", "upper_bound", "state")
    page = chromium.new_context(viewport=NARROW).new_page()
    band, expected, *_, point = boxes_of(
        page, tmp_path, chart("volume", names, [(date(2019, 5, 20), 300, 320.0, 200.0, 400.0, "usual")], "what")
    )
    page.context.close()
    assert band["width"] > 30 < expected["width"]
    assert band["y"] < expected["y"] < point["y"] + point["height"] / 2 < band["y"] + band["height"]


def boxes_of(page: Any, folder: Path, spec: dict[str, Any]) -> list[dict[str, float]]:
    """Draw a chart in a page that is one file, and return the boxes of its marks."""
    block = f'<script type="application/json">{inline_json(spec)}</script>'
    figure = f'<figure class="chart" hidden><div class="chart-place"></div>{block}</figure>'
    file = folder / "chart.html"
    file.write_text(f"<style>{inline_style()}</style>{figure}<script>{inline_script()}</script>", encoding="utf-8")
    page.goto(file.as_uri())
    drawn(page)
    script = "marks => marks.map(mark => mark.getBoundingClientRect().toJSON())"
    return list(page.locator(MARKS).evaluate_all(script))


def test_the_chart_of_a_report_is_drawn_from_the_file_alone(world: World, chromium: Any, tmp_path: Path) -> None:
    import duckdb

    from vsf_assets.reports.finding_queries import feed_findings
    from vsf_assets.reports.finding_writers import WRITERS

    file = tmp_path / "report.html"
    with duckdb.connect() as connection, file.open("w", encoding="utf-8") as text:
        connection.execute(f"attach '{(world.snapshots / 'current.duckdb').resolve()}' as world (read_only)")
        connection.execute("use world")
        WRITERS["html"](connection, feed_findings(connection, "events", None), text)
    content = file.read_text(encoding="utf-8")
    before, end, after = content.rpartition("</body>")
    assert inline_script() in before
    file.write_text(f"{before}<script>document.title = 'run'</script>{end}{after}", encoding="utf-8")
    page = chromium.new_context(viewport=NARROW, color_scheme="dark").new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    (block,) = re.findall(r'<script type="application/json">(.*?)</script>', content, re.DOTALL)
    assert drawn(page) == len(json.loads(block)["data"]["values"])
    assert page.title() != "run"
    assert [text for text in said if "inline script" not in text] == []
    assert len(said) == 1  # the script that is not the report's
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
