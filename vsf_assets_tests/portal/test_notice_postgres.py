"""Notices with their state in PostgreSQL: several watchers in processes of their own find and send each event once.

Here: the lease and the claims where hosts share a database. Not here: what is found.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.portal.notice_snapshots import START, File, publish_snapshot
from vsf_assets_tests.portal.test_postgres import database, pytestmark
from vsf_assets_tests.portal.webhook_receiver import receiver

__all__ = ["database", "pytestmark"]
pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'vsf-assets[postgres]'")

HOST = """
import sys, threading
from datetime import UTC, datetime
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.config import set_up
from vsf_assets.portal.serve import prepare
settings = read_settings()
prepare(settings, lambda _: None)
from django.db import connection, connections
from vsf_assets.portal.accounts.account_changes import platform_team
from vsf_assets.portal.notices.choices import Ways, set_choices, set_webhook
from vsf_assets.portal.notices.lease import begin_news
from vsf_assets.portal.notices.models import NoticeEvent, OutboxMessage, WatchLease
from vsf_assets.portal.notices.outbox import send_next
from vsf_assets.portal.notices.watcher import NoticeWatcher
from vsf_assets.portal.shared.random_ids import new_id
assert connection.vendor == "postgresql"
start = datetime.fromisoformat(sys.argv[2]).replace(tzinfo=UTC)
if sys.argv[1] == "first":
    team = platform_team()
    set_choices(team, {"unreadable": Ways(True, False, True)}, new_id())
    set_webhook(team, sys.argv[3], new_id())
    begin_news()
    WatchLease.objects.update(news_since=start)
    print("ready", flush=True)
    sys.exit()
print("ready", flush=True)
sys.stdin.readline()
def work():
    watcher = NoticeWatcher(lambda: start.replace(hour=1))
    for _ in range(3):
        watcher.scan()
        while send_next(start.replace(hour=2)):
            pass
    connections.close_all()
threads = [threading.Thread(target=work) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(NoticeEvent.objects.count(), OutboxMessage.objects.filter(state="sent").count(), flush=True)
"""


def test_two_hosts_with_three_watchers_each_send_every_event_once(database: str, tmp_path: Path) -> None:
    files = [File("clicks", "1", f"{n}.csv", 2, status="unreadable") for n in range(150)]
    publish_snapshot(tmp_path / "snapshots", 1, files)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VSF_")},
        "VSF_SNAPSHOTS": str(tmp_path / "snapshots"),
        "VSF_PORTAL_DATABASE": database,
        "VSF_PORTAL_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "VSF_PORTAL_KEYS": str(tmp_path / "keys"),
        "PYTHONPATH": str(PROJECT_ROOT),
    }

    def host(name: str, url: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", HOST, name, START.isoformat(), url]
        own = variables | {"VSF_HOME": str(tmp_path / name)}
        return subprocess.Popen(command, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with receiver() as hook:
        first = host("first", hook.url)
        assert first.communicate()[0] == "ready\n"
        hosts = [host(name, hook.url) for name in ("one", "two")]
        for process in hosts:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        said = [process.communicate("go\n", timeout=60)[0] for process in hosts]
        assert [process.returncode for process in hosts] == [0, 0]
        ids = [notice["id"] for received in hook.received for notice in received.content["notices"]]
    assert "150 2\n" in said
    assert (len(hook.received), len(ids), len(set(ids))) == (2, 150, 150)
