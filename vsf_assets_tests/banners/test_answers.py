"""The answers of the banner service: forms, statuses, headers, and what cross-site pages get.

Not here: odd spellings of paths (test_odd_requests.py), pictures (test_pictures.py).
"""

import json
import re
from dataclasses import replace

import pytest

from vsf_assets.banners.options import web_options
from vsf_assets.config.settings import read_settings
from vsf_assets_tests.banners.driver import PLAIN, Clock, app_of, ask, scores

TABLE = scores({32: {1: [459, 12, 7], 2: [5]}, 9: {2: [1]}})
APP = app_of(TABLE)


def test_json_is_as_described_and_kept_by_no_cache() -> None:
    answer = ask(APP, "/campaigns/32")
    banner = answer.banner
    assert answer.json == {
        "campaign_id": 32,
        "quarter": 1,
        "banner": {"banner_id": banner, "image": f"/banners/{banner}.svg"},
        "snapshot": 41,
        "visitor": answer.json["visitor"],
    }
    assert banner in (459, 12, 7)
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("set-cookie") == (
        f"vsf_visitor={answer.json['visitor']}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"
    )


def test_both_ways_give_the_same_form() -> None:
    short = ask(APP, "/campaigns/32", headers=[("accept", "*/*")])  # the host is known by now
    detour = ask(APP, "/campaigns/32?x=1", headers=[("accept", "application/json")])
    # The server adds the length where the application does not say it.
    names = [sorted({name for name, _ in answer.headers} - {b"content-length"}) for answer in (short, detour)]
    assert names[0] == names[1]
    assert list(short.json) == list(detour.json)


def test_both_paths_of_a_campaign_answer() -> None:
    assert ask(APP, "/campaign/32").status == 200
    assert ask(APP, "/campaign/32/banners").body == ask(APP, "/campaigns/32/banners").body


@pytest.mark.parametrize(
    ("accept", "is_html"),
    [
        ("text/html", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", True),
        ("application/json;q=0.5, text/html", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0, */*", False),
        ("text/html, application/json", False),
        ("*/*", False),
        ("", False),
        ("image/avif,image/webp,*/*;q=0.8", False),
        ("TEXT/HTML", True),
        ("nonsense;;;,,q=x", False),
    ],
)
def test_html_is_sent_where_it_is_preferred(accept: str, is_html: bool) -> None:
    for _ in range(2):  # the second time, the value is remembered
        answer = ask(APP, "/campaigns/32", headers=[("accept", accept)])
        assert (answer.header("content-type") or "").startswith("text/html" if is_html else "application/json")


def test_html_shows_the_pictures_and_carries_the_token() -> None:
    answer = ask(APP, "/campaigns/32?count=2", headers=[("accept", "text/html")])
    pictures = re.findall(rb'<img src="/banners/(\d+)\.svg" alt="Banner \1">', answer.body)
    assert len(set(pictures)) == 2
    assert answer.header("cache-control") == "no-store"
    assert (answer.header("x-vsf-visitor") or "").endswith(answer.header("set-cookie").partition(";")[0][-20:])
    assert "default-src 'none'" in (answer.header("content-security-policy") or "")
    assert answer.header("x-frame-options") is None


def test_count_gives_a_list_also_for_one() -> None:
    answer = ask(APP, "/campaigns/32?count=1").json
    assert "banner" not in answer
    assert len(answer["banners"]) == 1
    assert {banner["banner_id"] for banner in ask(APP, "/campaigns/32?count=99").json["banners"]} == {459, 12, 7}


@pytest.mark.parametrize("count", ["0", "-1", "x", "", "1.5", "%20", "9999999", "٣"])
def test_a_count_that_is_no_number_is_refused(count: str) -> None:
    answer = ask(APP, f"/campaigns/32?count={count}")
    assert (answer.status, answer.kind) == (400, "urn:vsf:bad-count")


def test_the_list_has_a_strong_etag_that_changes_with_the_quarter() -> None:
    clock = Clock()
    app = app_of(TABLE, clock)
    answer = ask(app, "/campaigns/32/banners")
    assert [(b["banner_id"], b["rank"], b["rule"]) for b in answer.json["banners"]] == [
        (459, 1, "top_revenue"),
        (12, 2, "top_revenue"),
        (7, 3, "top_revenue"),
    ]
    etag = answer.header("etag") or ""
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    for wanted in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        unchanged = ask(app, "/campaigns/32/banners", headers=[("if-none-match", wanted)])
        assert (unchanged.status, unchanged.body, unchanged.header("etag")) == (304, b"", etag)
        assert unchanged.header("content-length") is None
    clock.now += 900
    assert ask(app, "/campaigns/32/banners", headers=[("if-none-match", etag)]).status == 200
    assert answer.header("set-cookie") is None


@pytest.mark.parametrize("path", ["/campaigns/33", "/campaigns/abc", "/campaign/0", "/campaigns/33/banners"])
def test_an_unknown_campaign_is_404(path: str) -> None:
    answer = ask(APP, path)
    assert (answer.status, answer.kind) == (404, "urn:vsf:unknown-campaign")
    assert answer.header("content-type") == "application/problem+json"


def test_a_campaign_without_a_banner_in_this_quarter_is_another_404() -> None:
    for path in ("/campaigns/9", "/campaigns/9/banners", "/campaigns/9?count=2"):
        answer = ask(APP, path)
        assert (answer.status, answer.kind) == (404, "urn:vsf:no-banner")
        assert (answer.json["campaign_id"], answer.json["quarter"]) == (9, 1)


def test_without_scores_every_campaign_is_503() -> None:
    app = app_of(scores({}))
    assert ask(app, "/campaigns/abc").status == 404  # it can never be one
    for path in ("/campaigns/32", "/campaigns/32/banners", "/campaign/1?count=2"):
        answer = ask(app, path)
        assert (answer.status, answer.kind, answer.header("retry-after")) == (503, "urn:vsf:no-scores", "5")


def test_head_has_the_headers_without_a_body_and_moves_no_visitor() -> None:
    for path in ("/campaigns/32", "/campaigns/32/banners", "/banners/5.svg", "/campaigns/99"):
        head, get = ask(APP, path, "HEAD"), ask(APP, path)
        assert (head.status, head.body) == (get.status, b"")
        assert head.header("content-type") == get.header("content-type")
        assert head.header("set-cookie") is None
        assert head.header("content-length") is not None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "BREW"])
def test_other_methods_are_refused_and_say_what_is_allowed(method: str) -> None:
    for path in ("/campaigns/32", "/banners/5.svg", "/campaigns/32/banners"):
        answer = ask(APP, path, method)
        assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")
    assert ask(APP, "/nothing", method).status == 404


@pytest.mark.parametrize(
    ("hosts", "version", "status"),
    [
        (["a.example"], "1.1", 200),
        (["a.example:8001"], "1.1", 200),
        (["[::1]:8001"], "1.1", 200),
        ([""], "1", 200),
        ([], "1.0", 200),
        ([], "1.1", 400),
        (["a.example", "b.example"], "1.1", 400),
        (["a b"], "1.1", 400),
        (["a/../b"], "1.1", 400),
        (["a,b"], "1.1", 400),
        (["x" * 300 + "@"], "1.1", 400),
    ],
)
def test_a_request_has_one_well_formed_host(hosts: list[str], version: str, status: int) -> None:
    pairs = [(b"host", host.encode()) for host in hosts]
    for _ in range(2):
        answer = ask(APP, "/campaigns/32", http_version=version, pairs=pairs)
        assert answer.status == status


def test_values_of_headers_are_remembered_up_to_a_bound() -> None:
    app = app_of(TABLE)
    for number in range(2000):
        ask(app, "/campaigns/32", headers=[("host", f"h{number}.example"), ("accept", f"image/x{number}, */*")])
    assert ask(app, "/campaigns/32", headers=[("host", "last.example")]).status == 200
    assert len(app._usual_hosts) <= 500
    assert len(app._usual_accepts) <= 500


SHOP = "https://shop.example"
EMBEDDED = app_of(TABLE, options=replace(PLAIN, origins=frozenset({SHOP}), is_secure=True))


def test_a_page_of_an_allowed_origin_may_read_answers_and_gets_a_cross_site_cookie() -> None:
    answer = ask(EMBEDDED, "/campaigns/32", headers=[("origin", SHOP)])
    assert answer.header("access-control-allow-origin") == SHOP
    assert answer.header("access-control-allow-credentials") == "true"
    assert answer.header("vary") == "origin"
    assert (answer.header("set-cookie") or "").endswith("; HttpOnly; SameSite=None; Secure; Partitioned")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://shop.example", "https://shop.example.evil"])
def test_a_page_of_another_origin_may_not(origin: str) -> None:
    for app in (EMBEDDED, APP):
        answer = ask(app, "/campaigns/32", headers=[("origin", origin)])
        assert answer.status == 200
        assert answer.header("access-control-allow-origin") is None


def test_a_preflight_says_which_header_may_be_sent() -> None:
    answer = ask(EMBEDDED, "/campaigns/32", "OPTIONS", [("origin", SHOP), ("access-control-request-method", "GET")])
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("access-control-allow-headers") == "x-vsf-visitor"
    assert answer.header("access-control-allow-origin") == SHOP
    assert ask(APP, "/campaigns/32", "OPTIONS").header("access-control-allow-origin") is None


@pytest.mark.parametrize(
    ("variables", "host", "ending"),
    [
        ({}, "127.0.0.1", "SameSite=Lax"),
        ({}, "0.0.0.0", "SameSite=Lax; Secure"),
        ({"VSF_BANNERS_SECURE": "no"}, "0.0.0.0", "SameSite=Lax"),
        ({"VSF_BANNERS_SECURE": "yes"}, "localhost", "SameSite=Lax; Secure"),
        ({"VSF_BANNERS_ORIGINS": SHOP}, "127.0.0.1", "SameSite=None; Secure; Partitioned"),
    ],
)
def test_the_cookie_is_secure_where_it_leaves_the_machine(
    tmp_path: object, variables: dict[str, str], host: str, ending: str
) -> None:
    settings = read_settings({"VSF_HOME": str(tmp_path), **variables})
    answer = ask(app_of(TABLE, options=web_options(settings, host)), "/campaigns/32")
    assert (answer.header("set-cookie") or "").endswith(f"; HttpOnly; {ending}")


def test_problems_are_json_without_the_path() -> None:
    answer = ask(APP, "/campaigns/%3Cscript%3E")
    assert json.loads(answer.body)["status"] == answer.status == 404
    assert b"script" not in answer.body
