"""Which addresses webhooks may reach, and that a call goes to the address that was checked.

Here: the table of addresses, names that resolve to several, and calls that go wrong. Not here: retries
(test_notice_outbox.py).
"""

import ipaddress
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vsf_assets.portal.notices import webhook_call
from vsf_assets.portal.notices.guarded_addresses import RefusedAddressError, checked_target, may_reach
from vsf_assets.portal.notices.webhook_call import CallError, call
from vsf_assets_tests.portal.webhook_receiver import Receiver, receiver

HERE = (ipaddress.IPv4Network("127.0.0.0/8"),)

PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:0",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001:0:53aa:64c::",
    "2001:db8::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "nonsense",
    "1.2.3",
    "1.2.3.4.5",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450:4001:82a::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_may_not_be_reached(address: str) -> None:
    assert not may_reach(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert may_reach(address)


def test_networks_that_a_setting_allows_may_be_reached_and_no_others() -> None:
    allowed = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8"))
    may = {text for text in PRIVATE if may_reach(text, allowed)}
    assert may == {"fd12:3456::1"}
    assert may_reach("10.1.2.3", allowed)
    assert may_reach("::ffff:10.1.2.3", allowed)
    assert not may_reach("10.2.0.1", allowed)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0", "0.0.0.0"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "10.0.0.1", "169.254.169.254"),
    ],
)
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(RefusedAddressError, match=r"not a public address|cannot be found"):
            checked_target(f"{scheme}://{host}:8000/x")


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example.org", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org", "//example.org"),
        *(
            "http://",
            "https:///x",
            "http://user@example.org/",
            "http://user:word@example.org/",
            "http://example.org:0/",
        ),
        *(
            "http://example.org:99999/",
            "http://exa mple.org/",
            "http://example.org/\r\nHost: x",
            "http://ex\\@1.1.1.1/",
        ),
        *("http://[::1", "http://ex\u00e4mple.org/", f"https://example.org/{'x' * 500}", "javascript:alert(1)"),
    ],
)
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        checked_target(url, resolver=lambda *_: ["8.8.8.8"])


def test_a_name_is_refused_if_one_of_its_addresses_is_not_public() -> None:
    for found in (["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], ["2606:4700::1111", "::ffff:127.0.0.1"], []):
        with pytest.raises(RefusedAddressError):
            checked_target("https://two.example.org/", resolver=lambda *_, found=found: found)
    target = checked_target("https://Two.Example.org/a?b=c#d", resolver=lambda *_: ["8.8.8.8", "2606:4700::1111"])
    assert (target.host, target.port, target.path) == ("two.example.org", 443, "/a?b=c")
    assert target.addresses == ("8.8.8.8", "2606:4700::1111")


def send(url: str, **options: object) -> None:
    call(url, b"secret", "id-1", 1_900_000_000, {"x": "ä"}, **{"allowed": HERE, **options})  # type: ignore[arg-type]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def test_a_call_goes_to_the_address_that_was_checked_though_the_name_changes(hook: Receiver) -> None:
    answers = [["127.0.0.1"], ["10.9.9.9"]]
    port = hook.server_address[1]
    send(f"http://rebinding.example.org:{port}/x", resolver=lambda *_: answers.pop(0))
    assert len(answers) == 1  # it was resolved once
    (received,) = hook.received
    assert received.headers["host"] == f"rebinding.example.org:{port}"
    assert received.line == "POST /x HTTP/1.1"
    assert received.headers["content-type"] == "application/json"
    assert received.is_signed_with("whsec_c2VjcmV0")
    assert received.content == {"x": "ä"}


def test_nothing_is_connected_to_a_refused_address(hook: Receiver) -> None:
    with pytest.raises(CallError, match="not a public address"):
        send(hook.url, allowed=())
    with pytest.raises(CallError, match="not a public address"):
        send(hook.url.replace("127.0.0.1", "both.example.org"), allowed=HERE, resolver=lambda *_: ["127.0.0.1", "::1"])
    assert hook.received == []


def test_the_next_address_of_a_name_is_tried_where_one_does_not_answer(hook: Receiver) -> None:
    port = hook.server_address[1]
    send(f"http://two.example.org:{port}/", resolver=lambda *_: ["127.99.0.1", "127.0.0.1"])
    assert len(hook.received) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 500 no\r\n\r\nMARK", "the receiver answered 500"),
        (b"HTTP/1.1 404 <script>\r\n\r\n", "the receiver answered 404"),
        (b"HTTP/1.1 302 x\r\nLocation: http://169.254.169.254/\r\n\r\n", "redirects are not followed"),
        (b"SSH-2.0-x\r\n", "the answer is not HTTP"),
        (b"", "the connection was lost"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "the answer is not HTTP"),
    ],
)
def test_an_answer_that_is_no_success_is_an_error_in_words_of_ours(hook: Receiver, answer: bytes, words: str) -> None:
    hook.answer = answer
    with pytest.raises(CallError, match=words) as raised:
        send(hook.url)
    assert "MARK" not in str(raised.value)
    assert len(hook.received) == 1


def test_an_endless_body_is_not_read(hook: Receiver) -> None:
    hook.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3_000_000
    send(hook.url)


def test_an_answer_that_trickles_ends_at_the_time_limit(hook: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    def trickle(request: socketserver.StreamRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"x" * 100:
            try:
                request.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(0.05)

    hook.answer = trickle
    monkeypatch.setattr(webhook_call, "CALL_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(CallError, match=r"no answer within 0\.3 s"):
        send(hook.url)
    assert time.monotonic() - began < 3


def test_a_message_that_is_too_large_is_not_sent(hook: Receiver) -> None:
    with pytest.raises(CallError, match="larger than 256 KiB"):
        call(hook.url, b"secret", "id", 1, {"x": "y" * 300_000}, HERE)
    assert hook.received == []


def test_a_port_that_nobody_listens_on_is_said(hook: Receiver) -> None:
    with pytest.raises(CallError, match="refuses connections"):
        send("http://127.0.0.1:9/")


@contextmanager
def with_certificate(hook: Receiver, folder: Path, name: str) -> Iterator[Path]:
    """Let a receiver speak TLS with a certificate of its own for a name, and yield the file of the certificate."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    hook.socket = context.wrap_socket(hook.socket, server_side=True)
    hook.handle_error = lambda *_: None  # type: ignore[method-assign]
    yield certificate


def test_a_certificate_must_be_valid_and_of_the_name(
    hook: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = hook.server_address[1]
    with with_certificate(hook, tmp_path, "hooks.example.org") as certificate:
        with pytest.raises(CallError, match=r"the certificate of hooks\.example\.org is not valid"):
            send(f"https://hooks.example.org:{port}/", resolver=lambda *_: ["127.0.0.1"])
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        with pytest.raises(CallError, match=r"the certificate of other\.example\.org is not valid"):
            send(f"https://other.example.org:{port}/", resolver=lambda *_: ["127.0.0.1"])
        assert hook.received == []
        send(f"https://hooks.example.org:{port}/", resolver=lambda *_: ["127.0.0.1"])
    assert len(hook.received) == 1


def test_resolving_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.notices import guarded_addresses

    monkeypatch.setattr(guarded_addresses, "RESOLVE_SECONDS", 0.05)
    end = threading.Event()

    def hangs(*_: object) -> list[str]:
        end.wait(5)
        return ["8.8.8.8"]

    with pytest.raises(RefusedAddressError, match="cannot be found"):
        checked_target("https://slow.example.org/", resolver=hangs)
    end.set()
