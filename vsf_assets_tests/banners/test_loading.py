"""The loader and the workers' look at files: new scores, failures, and the last good slots.

Here: folders. Not here: buckets (test_bucket.py), and processes (test_service.py).
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from vsf_assets.banners.loading import Loader, kept_table, read_scores
from vsf_assets.banners.score_table import MOST_BANNERS, ScoreFileError, from_bytes, table_of, to_bytes
from vsf_assets.banners.serving import shared_files
from vsf_assets.banners.shared_files import SILENCE, SharedFiles, read_status
from vsf_assets.banners.watching import Watcher
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.web.signing_keys import add_key, ensure_keys, read_keys
from vsf_assets_tests.banners.driver import HOUR, PLAIN, Clock, app_of, ask, scores, write_scores, write_snapshot
from vsf_assets_tests.rights import like_other_users

FIRST = {7: {1: [1, 2], 2: [3]}, 8: {1: [4]}}
SECOND = {7: {1: [11, 12], 2: [13]}, 9: {1: [14]}}


class Service:
    """A loader and a worker of one home, which look when a test says so."""

    def __init__(self, root: Path) -> None:
        self.home, self.clock, self.log = root / "home", Clock(), list[str]()
        self.settings: Settings = read_settings({"VSF_HOME": str(self.home)})
        (root / "run").mkdir(exist_ok=True)
        self.files = SharedFiles(root / "run", self.home / "cache" / "scores.json", ensure_keys(root / "keys", HOUR))
        self.start()

    def start(self) -> None:
        self.loader = Loader(self.settings, self.files, self.log.append, self.clock)
        self.app = app_of(scores({}), self.clock, keys=read_keys(self.files.keys))
        self.watcher = Watcher(self.app, self.files, "1", self.log.append, self.clock)

    def step(self) -> None:
        self.clock.now += 1
        self.loader.check()
        self.watcher.check()

    def serves(self) -> int:
        """Return the number of the served snapshot; 0 for none."""
        answer = ask(self.app, "/campaigns/7")
        return int(answer.json["snapshot"]) if answer.status == 200 else 0

    def health(self) -> tuple[int, dict[str, object]]:
        answer = ask(self.app, "/healthz")
        return answer.status, answer.json


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    yield Service(tmp_path)


def test_a_new_snapshot_is_served_after_one_look(service: Service) -> None:
    service.step()
    assert service.serves() == 0
    assert service.health()[0] == 503
    assert service.health()[1]["status"] == "no scores"
    write_snapshot(service.home, 1, FIRST)
    service.step()
    assert service.serves() == 1
    assert service.health() == (
        200,
        {
            "status": "ok",
            "snapshot": 1,
            "campaign_count": 2,
            "checked_seconds": 0.0,
            "loaded_seconds": 0.0,
            "failures": [],
        },
    )
    write_snapshot(service.home, 2, SECOND)
    service.step()
    assert service.serves() == 2
    assert ask(service.app, "/campaigns/8").status == 404
    assert service.log == ["serving snapshot 1 with 2 campaigns", "serving snapshot 2 with 2 campaigns"]


def test_a_pointer_back_to_an_earlier_snapshot_is_followed(service: Service) -> None:
    for number, campaigns in ((1, FIRST), (2, SECOND)):
        write_snapshot(service.home, number, campaigns)
        service.step()
    pointer = service.home / "snapshots" / "current.duckdb"
    pointer.unlink()
    pointer.symlink_to("vsf-1.duckdb")
    service.step()
    assert service.serves() == 1


def test_a_restored_snapshot_of_the_same_number_is_loaded_again(service: Service) -> None:
    file = write_snapshot(service.home, 1, FIRST)
    service.step()
    file.unlink()
    write_scores(file, SECOND)
    service.step()
    assert ask(service.app, "/campaigns/9").status == 200


def damaged(file: Path) -> None:
    file.chmod(0o600)
    file.write_bytes(b"no database" * 1000)


def without_scores(file: Path) -> None:
    import duckdb

    file.unlink()
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table other as select 1 as x")


@pytest.mark.parametrize("what", [Path.unlink, damaged, without_scores], ids=["missing", "damaged", "without scores"])
def test_a_failed_load_keeps_the_slots_before_and_health_says_so(service: Service, what: object) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    folder = service.home / "snapshots"
    write_scores(folder / "vsf-2.duckdb", SECOND)
    what(folder / "vsf-2.duckdb")  # type: ignore[operator]
    (folder / "current.duckdb").unlink()
    (folder / "current.duckdb").symlink_to("vsf-2.duckdb")
    service.step()
    service.step()
    assert service.serves() == 1
    status, health = service.health()
    assert (status, health["status"]) == (200, "stale")
    assert health["failures"] == ["the current snapshot cannot be loaded"]
    assert "vsf_banners_stale 1\n" in ask(service.app, "/metrics").body.decode()
    # It is tried again, and a good one ends it.
    write_snapshot(service.home, 3, SECOND)
    service.loader._next_load = 0.0
    service.step()
    assert (service.serves(), service.health()[1]["status"]) == (3, "ok")


def test_a_snapshot_that_cannot_be_loaded_is_not_tried_each_second(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail(snapshot: object, lake: str) -> None:
        tried.append(snapshot)
        raise OSError("no")

    monkeypatch.setattr("vsf_assets.banners.loading.read_scores", fail)
    write_snapshot(service.home, 1, FIRST)
    for _ in range(5):
        service.step()
    assert len(tried) == 1
    assert read_status(service.files).failures == 5


def test_a_snapshot_that_follows_one_that_cannot_be_loaded_is_tried_at_once(service: Service) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    damaged(write_snapshot(service.home, 2, SECOND))
    for _ in range(3):
        service.step()
    assert service.serves() == 1
    write_snapshot(service.home, 3, SECOND)
    service.step()
    assert (service.serves(), service.health()[1]["status"]) == (3, "ok")


def test_the_slots_survive_a_restart_while_the_snapshots_are_away(service: Service) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    shutil.rmtree(service.home / "snapshots")
    service.start()
    service.watcher.check()  # before the loader has looked
    assert service.serves() == 1
    service.step()
    assert service.serves() == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"x" * 100, b"\n\n", b"0" * 64 + b"\n{}\n"])
def test_a_damaged_file_of_slots_is_made_again(service: Service, content: bytes) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    service.files.scores.write_bytes(content)
    service.watcher.check()
    assert service.serves() == 1
    assert service.health()[1]["failures"] == ["the file of slots cannot be read or written"]
    assert kept_table(service.files.scores) is None
    service.step()
    assert service.health()[1]["failures"] == []
    assert kept_table(service.files.scores) is not None


def test_a_damaged_file_at_the_start_is_ignored(service: Service) -> None:
    service.files.scores.parent.mkdir(parents=True)
    service.files.scores.write_bytes(b"half a fi")
    service.watcher.check()
    assert service.serves() == 0
    write_snapshot(service.home, 1, FIRST)
    service.step()
    assert service.serves() == 1


def test_two_services_of_one_home_do_not_rewrite_each_others_file(service: Service) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    other = Loader(service.settings, service.files, service.log.append, service.clock)
    other.check()
    written = service.files.scores.stat().st_ino
    for _ in range(3):
        service.step()
        other.check()
    assert service.files.scores.stat().st_ino == written


def test_health_says_when_nobody_looks_any_more(service: Service) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    service.clock.now += SILENCE + 1
    status, health = service.health()
    assert (status, health["status"]) == (200, "stale")


def test_health_names_no_file(service: Service, tmp_path: Path) -> None:
    write_snapshot(service.home, 1, FIRST).unlink()
    service.step()
    assert str(tmp_path) not in json.dumps(service.health()[1])


def test_new_keys_are_read_and_unreadable_ones_keep_the_former(service: Service) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    add_key(service.files.keys.parent, HOUR - 1000, 1e9)
    service.step()
    assert len(service.app.keys) == 2
    service.files.keys.write_text("nonsense")
    service.step()
    assert len(service.app.keys) == 2
    assert service.health()[1]["failures"] == ["the file of keys cannot be read or written"]


def test_a_file_that_cannot_be_read_for_a_while_is_read_when_it_can(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    write_snapshot(service.home, 2, SECOND)
    add_key(service.files.keys.parent, HOUR - 1000, 1e9)
    service.files.keys.chmod(0o644)
    with monkeypatch.context() as patch:
        patch.setattr("vsf_assets.banners.watching.from_bytes", Mock(side_effect=OSError("Too many open files")))
        service.step()
        service.watcher.check()
    assert (service.serves(), len(service.app.keys)) == (1, 1)
    failures = [f"the file of {subject} cannot be read or written" for subject in ("slots", "keys")]
    assert service.health()[1]["failures"] == failures
    service.files.keys.chmod(0o600)  # as the log says; the file's content and its times stay
    service.watcher.check()
    assert (service.serves(), len(service.app.keys), service.health()[1]["failures"]) == (2, 2, [])
    assert len([line for line in service.log if "going on with" in line]) == 2


def test_keys_that_change_while_a_worker_starts_are_read(service: Service) -> None:
    service.start()  # has read the keys
    add_key(service.files.keys.parent, HOUR - 1000, 1e9)
    late = Watcher(service.app, service.files, "2", service.log.append, service.clock)
    late.check()
    assert len(service.app.keys) == 2


def test_a_disk_that_cannot_be_written_to_is_reported_and_serving_goes_on(service: Service) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    service.files.scores.parent.chmod(0o500)
    write_snapshot(service.home, 2, SECOND)
    with like_other_users():
        service.step()
    service.files.scores.parent.chmod(0o700)
    assert service.serves() == 1
    assert service.health()[1]["status"] == "stale"


def test_a_home_that_cannot_be_written_to_is_served_from_a_folder_beside_it(service: Service, tmp_path: Path) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    kept, cache = service.files.scores.read_bytes(), service.home / "cache"
    service.files.scores.rename(cache / "banner_scores.json")
    cache.chmod(0o500)
    log: list[str] = []
    with like_other_users(), shared_files(service.settings, service.files.keys, log.append) as files:
        assert not files.scores.is_relative_to(service.home)
        assert files.scores.read_bytes() == kept  # what was kept while the home could be written to
        folder = files.folder
    cache.chmod(0o700)
    assert not folder.exists()
    assert "cannot be written to" in log[0]


def test_metrics_count_answers_of_all_workers(service: Service) -> None:
    write_snapshot(service.home, 1, FIRST)
    service.step()
    other = Watcher(app_of(scores(FIRST), service.clock), service.files, "2", service.log.append, service.clock)
    ask(other._app, "/campaigns/7")
    other._shared_at = 0.0
    other.check()
    for path in ("/campaigns/7", "/campaigns/7", "/campaigns/7?count=2", "/campaigns/1", "/campaigns/7/banners", "/x"):
        ask(service.app, path)
    ask(service.app, "/campaigns/7", headers=[("cookie", "vsf_visitor=forged")])
    text = ask(service.app, "/metrics").body.decode()
    assert 'vsf_banners_requests_total{answer="banner"} 5\n' in text
    assert 'vsf_banners_requests_total{answer="not_found"} 2\n' in text
    assert 'vsf_banners_visitors_total{token="new"} 4\n' in text
    assert 'vsf_banners_visitors_total{token="invalid"} 1\n' in text
    assert "vsf_banners_snapshot 1\n" in text
    for line in text.splitlines():
        assert line.startswith("# ") or len(line.split(" ")) == 2


def test_the_file_of_slots_holds_what_was_loaded(tmp_path: Path) -> None:
    huge = 2**63 - 1
    table = read_scores(write_snapshot(tmp_path, 12, {huge: {4: [huge, -5, 0]}, -3: {1: [1]}}))
    assert table.snapshot == 12
    assert from_bytes(to_bytes(table)) == table
    assert [banner for banner, _ in table.campaigns[huge][4]] == [huge, -5, 0]
    app = app_of(table, Clock(50))
    assert ask(app, f"/campaigns/{huge}").status == 200
    assert ask(app_of(table), "/campaigns/-3").banner == 1


def test_a_file_that_was_cut_or_changed_anywhere_is_refused() -> None:
    whole = to_bytes(scores(FIRST))
    for length in range(len(whole) - 1):
        with pytest.raises(ScoreFileError):
            from_bytes(whole[:length])
    for place in range(len(whole) - 1):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        with pytest.raises((ScoreFileError, ValueError)):
            from_bytes(changed)


def test_a_campaign_with_too_many_banners_serves_the_best_and_no_other_suffers() -> None:
    rows = [(7, 1, banner, "random") for banner in range(1000)] + [(8, 1, 5, "random")]
    table = table_of(1, rows)
    assert [banner for banner, _ in table.campaigns[7][1]] == list(range(MOST_BANNERS))
    assert ask(app_of(table, options=PLAIN), "/campaigns/8").banner == 5
