"""Pictures of banners: drawn ones, and files of the operator.

Not here: odd spellings of their paths (test_odd_requests.py).
"""

import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from vsf_assets.banners import pictures
from vsf_assets_tests.banners.driver import PLAIN, app_of, ask, scores

TABLE = scores({7: {1: [459]}})


@pytest.mark.parametrize("banner", ["459", "0", "-7", str(2**63 - 1)])
def test_a_drawn_picture_is_svg_and_names_its_banner(banner: str) -> None:
    answer = ask(app_of(TABLE), f"/banners/{banner}.svg")
    assert (answer.status, answer.header("content-type")) == (200, "image/svg+xml")
    root = ET.fromstring(answer.body)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "".join(root.itertext()).count(banner) == 2
    assert "script" not in answer.body.decode()


def test_a_picture_is_kept_for_minutes_and_asked_for_by_its_etag() -> None:
    answer = ask(app_of(TABLE), "/banners/459.svg")
    assert answer.header("cache-control") == "public, max-age=300"
    etag = answer.header("etag") or ""
    assert ask(app_of(TABLE), "/banners/459.svg", headers=[("if-none-match", etag)]).status == 304
    assert ask(app_of(TABLE), "/banners/458.svg").header("etag") != etag


@pytest.mark.parametrize(("extension", "media"), [(k, v.decode()) for k, v in pictures.KINDS.items()])
def test_a_file_of_the_operator_is_sent_in_its_place(tmp_path: Path, extension: str, media: str) -> None:
    app = app_of(TABLE, options=replace(PLAIN, pictures=tmp_path))
    (tmp_path / f"459.{extension}").write_bytes(b"picture")
    answer = ask(app, "/banners/459.svg")
    assert (answer.body, answer.header("content-type")) == (b"picture", media)
    assert answer.header("x-content-type-options") == "nosniff"
    assert "sandbox" in (answer.header("content-security-policy") or "")
    (tmp_path / f"459.{extension}").write_bytes(b"another one")
    assert ask(app, "/banners/459.svg", headers=[("if-none-match", answer.header("etag") or "")]).body == b"another one"


def test_what_is_no_picture_file_is_left_and_the_picture_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LARGEST", 10)
    os.mkfifo(tmp_path / "1.svg")
    (tmp_path / "2.svg").mkdir()
    (tmp_path / "3.svg").write_bytes(b"")
    (tmp_path / "4.svg").write_bytes(b"x" * 11)
    (tmp_path / "5.svg").symlink_to("5.svg")
    app = app_of(TABLE, options=replace(PLAIN, pictures=tmp_path))
    for banner in range(1, 6):
        assert b"<svg" in ask(app, f"/banners/{banner}.svg").body
