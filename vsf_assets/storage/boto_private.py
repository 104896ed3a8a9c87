"""Uses of private parts of the AWS client (boto3, botocore).

Here: each such use, with its reason and what it was checked with. Not here: its documented interface (s3_client.py).
A test fails with another version than `CHECKED`; `RECHECK` says what to look at then.
"""

from typing import Any

CHECKED = {"botocore": ("1.44.5",), "urllib3": ("2.8.0",)}

RECHECK = (
    "that the body of get_object still reads from `_raw_stream` and compares length and checksum itself, that this is a"
    " urllib3 response with `read1`, and vsf_assets_tests/objects/test_endless_answers.py"
)


class _WhatHasCome:
    """A response whose `read` hands out what has come; the client's own waits for a whole block."""

    def __init__(self, raw: Any):
        self._raw = raw

    def read(self, amount: int) -> bytes:
        block: bytes = self._raw.read1(amount)
        return block

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def prompt(body: Any) -> Any:
    """Return a body of the client that hands out what has come; another kind of body as it is.

    A read time-out starts again with each byte, and a read of the client waits for a whole block of 1 MB. A server that
    sends a byte a second would hold a run for twelve days; with this the caller looks at the clock after each byte. No
    documented call does that: `iter_chunks` reads in the same way. The client still compares length and checksum.
    """
    if hasattr(body, "_raw_stream"):
        body._raw_stream = _WhatHasCome(body._raw_stream)
    return body
