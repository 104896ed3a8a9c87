"""Odd spellings of paths, and requests that no browser sends.

A path is matched on its raw bytes: whatever another layer might read as the same path is 404 here. Not here: what a
server refuses before the application (test_service.py).
"""

import pytest

from vsf_assets_tests.banners.driver import app_of, ask, scores

APP = app_of(scores({32: {quarter: [459, 7] for quarter in range(1, 5)}}))

ODD = [
    *("//campaigns/32", "/campaigns//32", "/campaigns/32/", "/campaigns/32//", "/./campaigns/32", "/campaigns/./32"),
    *("/campaigns/../campaigns/32", "/campaigns/32/..", "/..;/campaigns/32", "/campaigns/..;/campaigns/32"),
    *("/campaigns/32;", "/campaigns/32;a=b", "/campaigns;x/32", "/campaigns/32%00", "/campaigns/%00", "/%00"),
    *(
        "/campaigns%2f32",
        "/campaigns%2F32",
        "/campaigns/%33%32",
        "/%63ampaigns/32",
        "/campaigns/32%20",
        "/campaigns/+32",
    ),
    *("/campaigns/032", "/campaigns/0x20", "/campaigns/32.0", "/campaigns/3_2", "/campaigns/-32", "/campaigns/--32"),
    *(
        "/campaigns/32%0a",
        "/campaigns/32%0d%0aX:1",
        "/Campaigns/32",
        "/CAMPAIGNS/32",
        "/campaigns/32#x",
        "/campaigns/32\\",
    ),
    *("\\campaigns\\32", "campaigns/32", "", "*", "/", "/campaigns", "/campaigns/", "/campaigns/32/banners/"),
    *("/campaigns/32/banners//", "/campaigns/32/Banners", "/campaigns/banners", "/campaigns//banners"),
    *("http://banners.example/campaigns/32", "https://evil.example/campaigns/32", "//evil.example/campaigns/32"),
    *(
        "/campaigns/32%c0%af",
        "/campaigns/%u0033",
        "/campaigns/٣٢",
        "/campaigns/３２",
        "/campaigns/²",
        "/campaigns/32\u200b",
    ),
    *("/banners/459", "/banners/0459.svg", "/banners/459.SVG", "/banners/459.svg/", "/banners/459.svg%00.png"),
    *("/banners/../459.svg", "/banners/%2e%2e%2fpasswd.svg", "/banners/.svg", "/banners/-.svg", "/banners/-0.svg"),
    *(
        "/banners/459.svg.svg",
        "/banners/4%2059.svg",
        "/banners/99999999999999999999.svg",
        "/healthz/",
        "/metrics/",
        "/healthz%00",
    ),
    f"/campaigns/{'9' * 5000}",
    f"/campaigns/{'9' * 20}",
    f"/banners/{'9' * 5000}.svg",
    "/" * 5000,
]


@pytest.mark.parametrize("path", ODD, ids=lambda path: path[:40])
def test_another_spelling_of_a_path_is_unknown(path: str) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        assert ask(APP, path.replace("?", "%3f"), method).status in (404, 400)


def test_bytes_that_are_no_text_are_unknown() -> None:
    for byte in range(256):
        raw = b"/campaigns/3%s2" % bytes([byte])
        status = ask(APP, raw).status
        assert status == 404 or byte == ord("?"), raw


def test_unknown_paths_leave_nothing_in_memory() -> None:
    before = len(APP._routes)
    for number in range(3000):
        ask(APP, f"/campaigns/{number + 1000}")
    assert len(APP._routes) == before


def test_odd_queries_are_read_without_an_error() -> None:
    for query in (
        b"",
        b"&&&",
        b"=",
        b"count",
        b"%",
        b"%zz=1",
        b"a=b=c",
        b"visitor",
        b"visitor=&visitor=x",
        b"\xff=\xfe",
    ):
        status = ask(APP, b"/campaigns/32?" + query).status
        assert status == (400 if query == b"count" else 200)


def test_the_path_wins_over_a_root_path_and_headers_that_name_another() -> None:
    headers = [("x-original-url", "/campaigns/1"), ("x-rewrite-url", "/healthz"), ("x-forwarded-host", "evil")]
    answer = ask(APP, "/campaigns/32", headers=headers, root_path="/x", path="/healthz")
    assert answer.json["campaign_id"] == 32
