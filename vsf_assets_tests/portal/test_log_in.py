"""Log-in: names that exist and names that do not look the same, and failed ones are counted over processes.

Here: limits, the hasher, and its parameters. Not here: the second factor (test_accounts.py).
"""

import multiprocessing
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import PASSWORD, Portal


def attempt(portal: Portal, name: str, password: str, address: str = "192.0.2.1") -> Any:
    return portal.client().post("/account/login/", {"login": name, "password": password}, REMOTE_ADDR=address)


def words(answer: Any) -> str:
    """Return the form of a page without its CSRF token."""
    form = answer.content.decode().partition('<form method="post" action="/account/login/"')[2]
    return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", form)


def test_a_wrong_password_and_a_wrong_name_look_the_same(portal: Portal) -> None:
    portal.account("ann", "reader")
    known, unknown = attempt(portal, "ann", "wrong"), attempt(portal, "nobody", "wrong")
    assert known.status_code == unknown.status_code == 200
    assert "not correct" in words(known)
    assert words(known).replace("ann", "N") == words(unknown).replace("nobody", "N")


def test_wrong_log_ins_of_a_name_stop_at_the_limit_and_right_ones_do_not_count(portal: Portal) -> None:
    portal.account("ann", "reader")
    for number in range(15):
        assert attempt(portal, "ann", PASSWORD, f"198.51.100.{number}").status_code == 302
    for number in range(10):
        assert "not correct" in words(attempt(portal, "ann", "wrong", f"192.0.2.{number}"))
    blocked = attempt(portal, "ANN ", PASSWORD, "192.0.2.99")
    assert "10 log-ins failed within 5 minutes" in words(blocked)


def test_wrong_log_ins_from_an_address_stop_at_the_limit_whatever_the_names(portal: Portal) -> None:
    portal.account("ann", "reader")
    for number in range(10):
        assert "not correct" in words(attempt(portal, f"name{number}", "wrong"))
    assert "10 log-ins failed" in words(attempt(portal, "ann", PASSWORD))
    assert attempt(portal, "ann", PASSWORD, "192.0.2.2").status_code == 302


def test_a_blocked_address_leaves_no_row_per_name(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import LoginCount

    for number in range(12):
        attempt(portal, f"name{number}", "wrong")
    assert LoginCount.objects.count() == 1 + 10


def test_addresses_of_one_ipv6_network_are_one(portal: Portal) -> None:
    from vsf_assets.portal.accounts.login_limits import network_of

    for number in range(10):
        attempt(portal, f"name{number}", "wrong", f"2001:db8:0:1::{number}")
    assert "10 log-ins failed" in words(attempt(portal, "ann", "wrong", "2001:db8:0:1:ffff::1"))
    assert "not correct" in words(attempt(portal, "ann", "wrong", "2001:db8:0:2::1"))
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("unix") == "unix"


def tried(client: Any, name: str, password: str) -> Any:
    return client.post("/account/login/", {"login": name, "password": password}, REMOTE_ADDR="192.0.2.1")


def test_strangers_lock_no_browser_out_in_which_the_account_signed_in_before(portal: Portal) -> None:
    for name in ("ann", "bob"):
        portal.account(name, "reader")
    client = portal.client()
    assert tried(client, "ann", PASSWORD).status_code == 302
    client.post("/account/logout/")
    for number in range(12):
        attempt(portal, "ann", "wrong", f"198.51.100.{number}")
        attempt(portal, f"name{number}", "wrong")
    assert "10 log-ins failed" in words(attempt(portal, "ann", PASSWORD, "192.0.2.99"))
    assert "10 log-ins failed" in words(tried(client, "bob", PASSWORD))  # the browser is known for ann alone
    forged = portal.client()
    forged.cookies["vsf_known"] = client.cookies["vsf_known"].value[::-1]
    assert "10 log-ins failed" in words(tried(forged, "ann", PASSWORD))
    assert tried(client, "Ann", PASSWORD).status_code == 302
    client.post("/account/logout/")
    known = client.cookies["vsf_known"]
    assert (known["httponly"], known["samesite"]) == (True, "Strict")
    assert "ann" not in known.value
    shown = [words(tried(client, "ann", "wrong")) for _ in range(12)]
    assert ["not correct" in page for page in shown] == [True] * 10 + [False] * 2


def test_the_limit_ends_with_its_time(portal: Portal) -> None:
    from datetime import timedelta

    from django.db import models

    from vsf_assets.portal.accounts.login_limits import WINDOW
    from vsf_assets.portal.accounts.models import LoginCount

    portal.account("ann", "reader")
    for _ in range(11):
        attempt(portal, "ann", "wrong")
    LoginCount.objects.update(since=models.F("since") - WINDOW - timedelta(seconds=1))
    assert attempt(portal, "ann", PASSWORD).status_code == 302


def log_in_often(portal: Portal, count: int, hashed: Path) -> None:
    """Log in with a wrong password in many threads; each hashing appends a byte to a file. Runs in a child."""
    from django.contrib.auth import hashers
    from django.db import connections

    connections.close_all()
    plain = hashers.MD5PasswordHasher.encode

    def encode(self: Any, password: str, salt: str) -> str:
        with hashed.open("ab") as file:
            file.write(b".")
        time.sleep(0.02)
        return str(plain(self, password, salt))

    hashers.MD5PasswordHasher.encode = encode

    def one() -> None:
        attempt(portal, "ann", "wrong")
        connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.slow
def test_of_200_parallel_wrong_log_ins_over_4_processes_at_most_10_reach_the_hasher(
    portal: Portal, tmp_path: Path
) -> None:
    from django.db import connections

    portal.account("ann", "reader")
    connections.close_all()
    hashed = tmp_path / "hashed"
    hashed.touch()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=log_in_often, args=(portal, 50, hashed)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0] * 4
    assert 1 <= hashed.stat().st_size <= 10


def test_passwords_are_hashed_by_argon2id_with_19_mib(portal: Portal) -> None:
    from django.contrib.auth.hashers import check_password, identify_hasher, make_password
    from django.test import override_settings

    from vsf_assets.portal.config import django_settings

    hashers = django_settings(portal.settings)["PASSWORD_HASHERS"]
    with override_settings(PASSWORD_HASHERS=hashers):
        encoded = make_password("a long enough password")
        assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
        assert check_password("a long enough password", encoded)
        assert not identify_hasher(encoded).must_update(encoded)
