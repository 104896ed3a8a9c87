"""A receipt in a real browser: it turns from landed to taken to loaded by itself, and a dataset's report downloads.

Here: one file of a dataset on its way, moved by the test as a run would move it. Not here: what a receipt says
(test_receipts.py, test_repair.py).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.storage.archive_names import archive_path
from vsf_assets_tests.portal.test_browser import BROWSER, NARROW, WIDE, Watched, chromium
from vsf_assets_tests.portal.test_command import Running, demo_passwords, environment, running
from vsf_assets_tests.portal.world import World

__all__ = ["chromium"]

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium here: apt-get install chromium"),
]

CONTENT = b"namespace_id,namespace_option_name,namespace_option_standard_name\nns-1,a\n"
SHA256, AT = "5c" * 32, datetime(2026, 1, 5, 13, 0, tzinfo=UTC)
PATH = "datasets/made/namespaces.csv"

DELIVER = """
import sys
from datetime import UTC, datetime
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.config import set_up
set_up(read_settings())
from vsf_assets.portal.accounts.models import Team
from vsf_assets.portal.deliveries.models import Delivery
at = datetime.fromisoformat(sys.argv[4])
delivery = Delivery.objects.create(
    team=Team.objects.get(name="platform"), feed="datasets", partition="made", file_name="mine.csv", path=sys.argv[1],
    size=int(sys.argv[2]), sha256=sys.argv[3], state=Delivery.LANDED, landed_at=at, expires_at=datetime.now(UTC))
print(delivery.ulid)
"""
"""What an upload leaves in the portal's database, written by a process of its own."""

LEDGER = """
    insert into raw.files by name select 77 as file_id, 'datasets' as feed, 'made' as partition_key,
        'namespaces.csv' as file_name, $sha256 as sha256, 'loaded' as status, 72 as bytes, 1 as lines_read,
        1 as rows_loaded, 0 as rows_quarantined, 0 as rows_blank, 0 as rows_skipped, $at as landed_at,
        $at as loaded_at, 'r' as run_id, 'c' as contract_version;
"""
REPORTS = """
    insert into raw.published_files values (77, 2, $at + interval 9 seconds);
    insert into marts.dim_dataset_versions by name select 'made' as dataset, 1 as version, $at as uploaded_at,
        false as is_complete, false as is_current, 1 as findings;
    insert into reports.dataset_anomalies by name select 'made' as dataset, 1 as version, 'namespaces.csv' as file_name,
        1 as file_order, 2 as line_number, 'missing_fields' as anomaly, 'warning' as severity, 'r' as reason;
"""


@dataclass
class Way:
    """A portal, its home, its snapshots, and the address of the receipt."""

    portal: Running
    home: Path
    snapshots: Path
    receipt: str
    passwords: dict[str, str]

    def load(self) -> None:
        """Move the file into the archive, as a run does."""
        target = self.home / "archive" / archive_path("datasets", "made", AT, SHA256, "namespaces.csv")
        target.parent.mkdir(parents=True)
        (self.home / "landing" / PATH).rename(target)

    def publish(self) -> None:
        """Publish a snapshot that holds the file."""
        shutil.copy(self.snapshots / "vsf-1.duckdb", self.snapshots / "vsf-2.duckdb")
        values = {"at": AT.replace(tzinfo=None)}
        with duckdb.connect(str(self.snapshots / "vsf-2.duckdb")) as connection:
            connection.execute(LEDGER, {**values, "sha256": SHA256})
            for statement in REPORTS.strip().removesuffix(";").split(";\n"):
                connection.execute(statement, {name: v for name, v in values.items() if f"${name}" in statement})
        pointer = self.snapshots / "new"
        pointer.symlink_to("vsf-2.duckdb")
        pointer.rename(self.snapshots / "current.duckdb")


@pytest.fixture
def way(world: World, tmp_path: Path) -> Iterator[Way]:
    own = World(tmp_path / "world")
    own.snapshots.mkdir(parents=True)
    shutil.copy((world.snapshots / "current.duckdb").resolve(), own.snapshots / "vsf-1.duckdb")
    (own.snapshots / "current.duckdb").symlink_to("vsf-1.duckdb")
    home = tmp_path / "home"
    landed = home / "landing" / PATH
    landed.parent.mkdir(parents=True)
    landed.write_bytes(CONTENT)
    os.utime(landed, (AT.timestamp(),) * 2)
    with running(home, own, "--demo", on_terminal=True) as portal:
        command = [sys.executable, "-c", DELIVER, PATH, str(len(CONTENT)), SHA256, AT.isoformat()]
        made = subprocess.run(command, env=environment(home, own), capture_output=True, text=True, check=True)
        address = f"{portal.address}/deliveries/{made.stdout.strip()}/"
        yield Way(portal, home, own.snapshots, address, demo_passwords(portal))


def heading(page: Any, words: str) -> None:
    page.locator("h1", has_text=words).wait_for()


def test_a_receipt_turns_to_loaded_by_itself_and_the_report_downloads(way: Way, chromium: Any) -> None:
    context = chromium.new_context(viewport=WIDE)
    watched = Watched(context.new_page(), way.portal.address)
    watched.sign_in("demo-steward", way.passwords["steward"])
    page = watched.page
    answers: list[int] = []
    page.on("response", lambda r: answers.append(r.status) if r.url == way.receipt else None)
    page.goto(way.receipt)
    heading(page, "mine.csv has landed and waits to be loaded")
    with page.expect_response(lambda answer: answer.url == way.receipt and answer.status == 304):
        pass  # nothing is new
    way.load()
    heading(page, "mine.csv is loaded and waits for the next snapshot")
    with page.expect_download() as started:
        way.publish()
    heading(page, "The 1 row of mine.csv was loaded")
    assert started.value.suggested_filename == "anomalies_report.csv"
    assert Path(started.value.path()).read_text().splitlines()[1].startswith("namespaces.csv,2,missing_fields")
    assert "2, 9.0 s after it landed" in page.inner_text("dl.row")
    assert page.title().startswith("The 1 row of mine.csv was loaded")
    page.set_viewport_size(NARROW)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    settled = len(answers)
    page.wait_for_timeout(2500)
    assert len(answers) == settled  # nothing changes any more, so it asks no more
    assert watched.found == []
    page.emulate_media(media="print")
    assert not page.is_visible("nav")
    assert page.is_visible("h1")
    plain = chromium.new_context(java_script_enabled=False, storage_state=context.storage_state()).new_page()
    plain.goto(way.receipt)
    assert "The 1 row of mine.csv was loaded" in plain.inner_text("h1")
    assert plain.locator("noscript meta[http-equiv=refresh], meta[http-equiv=refresh]").count() == 0
    context.close()
