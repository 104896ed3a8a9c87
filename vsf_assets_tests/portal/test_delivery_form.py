"""Small files without JavaScript: the form of the page *Deliver files*.

Here: Django and a landing folder. Not here: large files (test_uploads.py), and a browser (test_upload_server.py).
"""

from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import Portal


@pytest.fixture
def steward(portal: Portal) -> Any:
    return portal.client(portal.account("ann", "steward"))


def test_small_files_are_delivered_without_javascript(portal: Portal, steward: Any) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    files = [
        SimpleUploadedFile("clicks_1.csv", b"click_id,banner_id,campaign_id\n1,2,3\n"),
        SimpleUploadedFile("unknown.csv", b"x"),
    ]
    page = steward.post("/deliveries/new/", {"files": files}).content.decode()
    assert "clicks_1.csv has landed" in page
    assert "unknown.csv was not delivered" in page
    landed = Path(portal.settings.landing) / "clicks/1/clicks_1.csv"
    assert landed.read_bytes() == b"click_id,banner_id,campaign_id\n1,2,3\n"
    by_form = steward.post(
        "/deliveries/new/", {"files": [SimpleUploadedFile("x.csv", b"1")], "feed": "clicks", "partition": "2"}
    )
    assert "x.csv has landed" in by_form.content.decode()
    assert "Choose the files" in steward.post("/deliveries/new/", {"feed": ""}).content.decode()


def test_a_bomb_in_a_form_is_refused_too(portal: Portal, steward: Any) -> None:
    import gzip

    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("2019-05-20_x.txt.gz", gzip.compress(bytes(60 << 20), 9))
    page = steward.post("/deliveries/new/", {"files": [file]}).content.decode()
    assert "250 times" in page
    assert list(Path(portal.settings.landing).rglob("*.gz")) == []


def test_the_fast_layer_imports_no_django() -> None:
    import subprocess
    import sys

    code = (
        "import sys, vsf_assets.portal.asgi, vsf_assets.portal.fast.uploads, vsf_assets.portal.fast.bucket_names;"
        " sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
