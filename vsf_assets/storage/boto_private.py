"""Uses of private parts of the AWS client (boto3, botocore).

Here: each such use, with its reason and the versions with which it was checked. Not here: uses of the documented
interface (s3_client.py). A test fails with a version other than `CHECKED`; `RECHECK` lists the points to check then.
"""

from typing import Any

CHECKED = {"botocore": ("1.44.5",), "urllib3": ("2.8.0",)}

RECHECK = (
    "that the body of get_object still reads from `_raw_stream` and compares length and checksum itself, that this is a"
    " urllib3 response with `read1`, and vsf_assets_tests/objects/test_endless_answers.py"
)


class _WhatHasCome:
    """A response whose `read` returns the bytes that have arrived; the client's own `read` waits for a whole block."""

    def __init__(self, raw: Any):
        self._raw = raw

    def read(self, amount: int) -> bytes:
        block: bytes = self._raw.read1(amount)
        return block

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def prompt(body: Any) -> Any:
    """Return a body of the client that returns bytes as they arrive; other kinds of bodies are returned unchanged.

    The read time-out restarts with each byte, and a read of the client waits for a whole block of 1 MB. So a server
    that sends one byte a second would block a run for twelve days. With this body the caller checks its deadline after
    each read. No documented call does that: `iter_chunks` waits for blocks too. The client still compares length and
    checksum.
    """
    if hasattr(body, "_raw_stream"):
        body._raw_stream = _WhatHasCome(body._raw_stream)
    return body
