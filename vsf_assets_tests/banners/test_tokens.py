"""Visitor tokens and the keys that sign them: what is not ours gives a fresh visitor, never an error.

Not here: what a visitor sees (test_cycles.py).
"""

import stat
import threading
from pathlib import Path

import pytest

from vsf_assets.banners.visitor_tokens import DAYS, TokenSigner
from vsf_assets.web.signing_keys import (
    FILE,
    LEAD_SECONDS,
    KeyFileError,
    SigningKey,
    add_key,
    ensure_keys,
    read_keys,
    signing_key,
)
from vsf_assets_tests.banners.driver import HOUR, KEYS, Clock, Visitor, app_of, ask, scores
from vsf_assets_tests.rights import like_other_users

TEN = scores({7: dict.fromkeys(range(1, 5), range(101, 111))})
DAY = 86_400.0


def a_token() -> str:
    """Return the token of a visitor who has seen four banners."""
    visitor = Visitor(app_of(TEN))
    for _ in range(4):
        visitor.see(7)
    return visitor.token


def other_characters(token: str) -> list[str]:
    return [token[:place] + ("b" if old != "b" else "c") + token[place + 1 :] for place, old in enumerate(token)]


@pytest.mark.parametrize("way", ["cookie", "header", "query"])
def test_forged_cut_foreign_and_malformed_tokens_give_a_fresh_visitor(way: str) -> None:
    token = a_token()
    foreign = TokenSigner([SigningKey("0a", 0.0, b"x" * 32)], HOUR).sign(b"~7.1abcde.012.101").decode()
    other_form = "2" + token[1:]
    odd = ["", "x", "=", "~", "%00", "é", "'\"<>", "~7.1.1.1", token + "~", token * 2, token[30:], "0" * 20_000]
    cut = [token[:length] for length in range(len(token))]
    for wrong in [*other_characters(token), *cut, foreign, other_form, *odd]:
        headers, target = [], "/campaigns/7"
        if way == "cookie":
            headers = [("cookie", f"vsf_visitor={wrong}")]
        elif way == "header":
            headers = [("x-vsf-visitor", wrong)]
        else:
            target = f"/campaigns/7?visitor={wrong}".encode("latin-1").decode("latin-1")
        answer = ask(app_of(TEN) if way == "x" else APP, target, headers=headers)
        assert answer.status == 200
        left = answer.json["visitor"].split(".")[2]
        assert len(left) == 9, wrong  # a new cycle has nine left


APP = app_of(TEN)


def test_a_good_token_goes_on() -> None:
    answer = ask(APP, "/campaigns/7", headers=[("cookie", f"vsf_visitor={a_token()}")])
    assert len(answer.json["visitor"].split(".")[2]) == 5


@pytest.mark.parametrize(
    "cookie",
    [
        "other=1; vsf_visitor={}",
        "vsf_visitor={}; other=1",
        "a=1;vsf_visitor={};b=2",
        'vsf_visitor="{}"',
        "vsf_visitor=forged; vsf_visitor={}",
        "; ".join(f"c{n}=v" for n in range(500)) + "; vsf_visitor={}",
        f"long={'x' * 7000}; vsf_visitor={{}}",
    ],
)
def test_the_cookie_is_found_among_others(cookie: str) -> None:
    answer = ask(APP, "/campaigns/7", headers=[("cookie", cookie.format(a_token()))])
    assert len(answer.json["visitor"].split(".")[2]) == 5


def test_several_cookie_headers_are_read() -> None:
    headers = [("cookie", f"vsf_visitor={a_token()}"), ("cookie", "z=1")]
    for given in (headers, headers[::-1]):
        assert len(ask(APP, "/campaigns/7", headers=given).json["visitor"].split(".")[2]) == 5


def test_a_token_is_valid_for_thirty_days() -> None:
    token = a_token().encode()
    for days, is_valid in ((0, True), (DAYS, True), (DAYS + 1, False), (-1, True), (-2, False)):
        assert (TokenSigner(KEYS, HOUR + days * DAY).verify(token) is not None) == is_valid, days


def test_the_application_renews_its_signer_at_midnight() -> None:
    clock = Clock()
    app = app_of(TEN, clock)
    first = ask(app, "/campaigns/7").json["visitor"]
    clock.now += DAY
    assert ask(app, "/campaigns/7").json["visitor"][:6] != first[:6]


def test_a_cookie_of_an_earlier_day_or_key_goes_on_and_is_signed_anew() -> None:
    clock, newer = Clock(), SigningKey("0b", HOUR + DAY, b"n" * 32)
    app = app_of(TEN, clock, keys=(*KEYS, newer))
    visitor = Visitor(app)
    visitor.see(7)
    visitor.see(7)
    for days, keys in ((0.5, KEYS), (1, (newer,))):
        clock.now = HOUR + days * DAY
        visitor.see(7)
        assert TokenSigner(keys, clock.now).verify(visitor.token.encode()) is not None
    assert len(set(visitor.seen)) == 4
    assert len(visitor.token.split(".")[2]) == 6


def test_a_new_key_signs_after_a_minute_and_the_former_ones_stay_valid(tmp_path: Path) -> None:
    file = ensure_keys(tmp_path, HOUR)
    before = read_keys(file)
    new = add_key(tmp_path, HOUR + 10, DAYS * DAY)
    keys = read_keys(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (signing_key(keys, HOUR + 20), signing_key(keys, HOUR + 10 + LEAD_SECONDS)) == (before[0], new)
    old_token = TokenSigner(before, HOUR).sign(b"~7.x.0.1")
    assert TokenSigner(keys, HOUR + 1000).verify(old_token) == b"~7.x.0.1"
    # A host that has not read the file again yet still verifies what the others sign within that minute.
    assert TokenSigner(before, HOUR).verify(TokenSigner(keys, HOUR + 20).sign(b"~7.x.0.1")) is not None


def test_a_key_is_dropped_when_its_tokens_have_run_out(tmp_path: Path) -> None:
    first = read_keys(ensure_keys(tmp_path, HOUR))[0]
    second = add_key(tmp_path, HOUR, DAYS * DAY)
    third = add_key(tmp_path, HOUR + 20 * DAY, DAYS * DAY)
    assert {key.id for key in read_keys(tmp_path / FILE)} == {first.id, second.id, third.id}
    add_key(tmp_path, HOUR + 31 * DAY, DAYS * DAY)
    assert first.id not in {key.id for key in read_keys(tmp_path / FILE)}


def test_the_application_takes_other_keys_while_it_runs() -> None:
    app, visitor = app_of(TEN), Visitor(APP)
    visitor.see(7)
    app.replace(keys=(SigningKey("0b", 1.0, b"n" * 32),))
    fresh = ask(app, "/campaigns/7", headers=[("x-vsf-visitor", visitor.token)])
    assert len(fresh.json["visitor"].split(".")[2]) == 9
    app.replace(keys=(*KEYS, SigningKey("0b", 1.0, b"n" * 32)))
    known = ask(app, "/campaigns/7", headers=[("x-vsf-visitor", visitor.token)])
    assert len(known.json["visitor"].split(".")[2]) == 8


def test_keys_are_made_once_when_many_start(tmp_path: Path) -> None:
    folder, barrier = tmp_path / "a" / "b", threading.Barrier(12)
    found = []

    def start() -> None:
        barrier.wait()
        found.append(read_keys(ensure_keys(folder, HOUR)))

    threads = [threading.Thread(target=start) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", ["", "\n", "nonsense", "0a 0 abc", "0a 0 " + "0" * 64 + "\n0a 1 " + "1" * 64])
def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).touch(mode=0o600)
    (tmp_path / FILE).write_text(content)
    with pytest.raises(KeyFileError, match="holds no signing keys"):
        read_keys(tmp_path / FILE)


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    file = ensure_keys(tmp_path, HOUR)
    file.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_keys(file)


def test_a_folder_that_may_not_be_written_to_is_named_with_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with like_other_users(), pytest.raises(KeyFileError, match="set VSF_PORTAL_KEYS"):
        ensure_keys(tmp_path, HOUR)
    tmp_path.chmod(0o700)


def test_keys_of_another_user_are_named(tmp_path: Path) -> None:
    file = ensure_keys(tmp_path, HOUR)
    file.chmod(0o000)
    with like_other_users(), pytest.raises(KeyFileError, match="cannot be read"):
        read_keys(file)
    file.chmod(0o600)
