"""The portal's state in PostgreSQL: migrations, the limit of log-ins, ended sessions, and the append-only audit.

Here: a real server of Debian's package, started as another user where the tests run as root; skipped where there is
none. Each step is a process of its own, since Django takes its settings once. Not here: what pages show.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets_tests.portal.test_command import environment, vsf
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.postgres_server import PROGRAMS, running_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS, reason="no PostgreSQL here: apt-get install postgresql"),
]
pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'vsf-assets[postgres]'")


@pytest.fixture
def database() -> Iterator[str]:
    """Start a server with an empty database, and return its address."""
    with running_server() as address:
        yield address


STEPS = """
import sys
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.config import set_up
cheap = ["django.contrib.auth.hashers.MD5PasswordHasher"]
set_up(read_settings(), ALLOWED_HOSTS=["testserver"], PASSWORD_HASHERS=cheap)
from django.db import DatabaseError, connection, transaction
from django.test import Client
from vsf_assets.portal.accounts.account_changes import set_password
from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.audit.models import AuditEntry
assert connection.vendor == "postgresql"
set_password(User.objects.get(username="ann"), "three old words here")
for word in ("update", "delete"):
    try:
        with transaction.atomic():
            AuditEntry.objects.update(action="x") if word == "update" else AuditEntry.objects.all().delete()
    except DatabaseError as error:
        assert "append-only" in str(error), error
    else:
        raise AssertionError(word)
assert AuditEntry.objects.filter(action="account.created").count() == 1
client = Client()
answer = client.post("/account/login/", {"login": "ann", "password": "three old words here"})
assert answer.status_code == 302, answer.content
assert client.get("/data/marts/dim_lines/").status_code == 200
others = [Client(HTTP_USER_AGENT="Browser/1"), Client(HTTP_USER_AGENT="Browser/2")]
for other in others:
    other.post("/account/login/", {"login": "ann", "password": "three old words here"})
page = client.get("/account/sessions/").content.decode()
end = page.partition("Browser/1</span>")[2].partition('action="')[2].partition('"')[0]
assert client.post(end).status_code == 302
assert [other.get("/").status_code for other in others] == [302, 200]
client.post("/account/sessions/")
assert [other.get("/").status_code for other in (client, *others)] == [200, 302, 302]
pages = [Client().post("/account/login/", {"login": "ann", "password": "wrong"}).content.decode() for _ in range(12)]
assert ["10 log-ins failed" in page for page in pages] == [False] * 10 + [True] * 2
print("well")
"""


def test_the_state_lives_in_a_real_server(database: str, world: World, tmp_path: Path) -> None:
    home = tmp_path / "home"
    variables = {**environment(home, world), "VSF_PORTAL_DATABASE": database}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vsf_assets_tests.portal.test_command.environment", lambda *_: variables)
        made = vsf(home, world, "portal", "user", "ann", "--role", "engineer")
    assert made.returncode == 0, made.stderr
    assert not (home / "portal" / "portal.sqlite3").exists()
    done = subprocess.run(
        [sys.executable, "-c", STEPS], env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
