"""Receipts while the landing zone or the archive is away.

Here: originals, and names of mends. Not here: what a receipt says otherwise (test_receipts.py).
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import Settings
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.test_receipts import entry


def test_an_archive_that_is_not_mounted_is_away_and_its_files_are_not_taken_for_deleted(
    prepared_portal: tuple[Settings, Path], tmp_path: Path
) -> None:
    from vsf_assets.portal.receipts.originals import original_of
    from vsf_assets.portal.shared.request_errors import StoreAwayError, status_of

    settings = replace(prepared_portal[0], archive=str(tmp_path / "archive"))
    kept = entry("f", 77, archive_path="clicks/77.csv")
    for is_there in (False, True):
        if is_there:
            (tmp_path / "archive").mkdir()
        with pytest.raises(StoreAwayError) as found:
            original_of(settings, kept).open()
        assert status_of(found.value) == 503
    (tmp_path / "archive" / "another").write_bytes(b"")
    with pytest.raises(FileNotFoundError):
        original_of(settings, kept).open()
    (tmp_path / "archive" / "clicks").mkdir()
    (tmp_path / "archive" / "clicks" / "77.csv").write_bytes(b"click_id\n1\n")
    assert original_of(settings, kept).open().read() == b"click_id\n1\n"


def test_a_free_name_for_a_mend_is_found_while_the_landing_zone_is_away(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.portal.receipts import next_mend
    from vsf_assets.storage.s3_client import ObjectStoreError

    class Away:
        def stat(self, path: str) -> Any:
            raise ObjectStoreError(f"VSF_LANDING={path} cannot be reached")

    monkeypatch.setattr(next_mend, "open_store", lambda _: Away())
    monkeypatch.setattr(next_mend, "mends_by_name", lambda *_: [entry("c", 2, file_name="1_mend1.csv")])
    assert next_mend.next_mend_name(portal.settings, None, entry("a", 1)) == "1_mend2.csv"  # type: ignore[arg-type]
