"""Client of an HTTP(S) source: object states are ETags, or Last-Modified and length, from HEAD requests.

Not here: retries (catalog/model/retry.py). Objects of a server that sends neither are fetched and compared.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from vsf_assets.catalog.clients.base import BLOCK_BYTES, OpenedObject, escapes_root, too_large
from vsf_assets.catalog.model.errors import GoneError, SourceError, TransientError
from vsf_assets.catalog.model.plan import UNKNOWN, Observed, Unseen
from vsf_assets.catalog.model.retry import Deadline, concurrently, retried
from vsf_assets.common.call_timeout import within
from vsf_assets.config.catalog_profiles import Profile

PASSING = {408, 425, 429, 500, 502, 503, 504}
GONE = {404, 410}
NO_HEAD = {400, 401, 403, 405, 501}
"""Answers to HEAD that say nothing of the object: a signed address allows one method only. GET decides then."""

_HOSTS_HERE = {"localhost", "127.0.0.1", "::1"}


class HttpSource:
    """Objects below an address that answers GET and, better, HEAD."""

    asks_for_each = True

    def __init__(self, profile: Profile):
        self.profile = profile
        self._pool = _pool(profile)
        self._without_length: set[str] = set()

    def is_absent(self) -> bool:
        """Return False: a configured address is expected to exist."""
        return False

    def observe(self, names: Sequence[str], progress: Callable[[int], None]) -> dict[str, Observed]:
        """Return the state of each name from HEAD requests, in parallel."""
        found: dict[str, Observed] = {}
        for name, seen in concurrently(self._observe_one, names, self.profile.connections):
            if isinstance(seen, GoneError):
                found[name] = None
            elif isinstance(seen, SourceError):
                found[name] = Unseen(str(seen))
            elif isinstance(seen, Exception):
                raise seen
            else:
                found[name] = seen
            progress(len(found))
        return found

    @contextmanager
    def open(self, name: str, deadline: Deadline) -> Iterator[OpenedObject]:
        """Request an object."""
        with self._request("GET", name, deadline) as response:
            self._raise_for_status(response)
            size = _length(response)
            if size is not None and size > self.profile.most_bytes:
                raise too_large(self.profile, size)
            headers = response.headers
            is_sure = "ETag" in headers or "Last-Modified" not in headers  # HEAD may send another length, or none
            yield OpenedObject(self._state(name, response), size, self._blocks(response, size, deadline), is_sure)

    def last_modified(self, names: Sequence[str]) -> float:  # noqa: ARG002
        """Return 0: a server shows complete objects only."""
        return 0.0

    def close(self) -> None:
        """Close idle connections."""
        self._pool.clear()

    def _observe_one(self, name: str) -> str:
        def head(deadline: Deadline) -> str:
            with self._request("HEAD", name, deadline) as response:
                if response.status in NO_HEAD:
                    return UNKNOWN
                self._raise_for_status(response)
                if _length(response) is None:
                    self._without_length.add(name)
                return self._state(name, response)

        return retried(head, self.profile.attempts, self.profile.object_timeout)

    def _state(self, name: str, response: Any) -> str:
        """Return the state from the headers; GET and HEAD give the same one."""
        etag = response.headers.get("ETag")
        modified = response.headers.get("Last-Modified")
        if etag or not modified:
            return str(etag or UNKNOWN)
        length = None if name in self._without_length else _length(response)
        return f"{modified}, {length} bytes" if length is not None else str(modified)

    @contextmanager
    def _request(self, method: str, name: str, deadline: Deadline) -> Iterator[Any]:
        """Send a request and yield its answer; connection failures are transient."""
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        if escapes_root(name):
            raise GoneError("it is not there")
        url = f"{self.profile.address}/{quote(name)}"
        limits = Timeout(
            connect=min(self.profile.connect_timeout, deadline.left()),
            read=min(self.profile.read_timeout, deadline.left()),
        )
        try:
            # The read time-out starts again with each byte; headers of a byte a second would never end.
            response = within(
                deadline.left(), lambda: self._pool.request(method, url, timeout=limits, preload_content=False)
            )
        except TimeoutError as error:
            raise TransientError(f"it took longer than {self.profile.object_timeout:g} s") from error
        except HTTPError as error:
            raise _failure(error) from error
        try:
            yield response
        finally:
            if response.status >= 300 and (_length(response) or 0) < BLOCK_BYTES:
                response.drain_conn()
            if not response.closed:
                response.close()  # what is left of the body is not read; the connection is made again
            response.release_conn()

    def _raise_for_status(self, response: Any) -> None:
        status = response.status
        said = f"the server answered {status} {response.reason or ''}".rstrip()
        if status == 200:
            return
        if status in GONE:
            raise GoneError(said)
        if status in PASSING:
            raise TransientError(said, _retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))
        if status in (401, 403, 407):
            raise SourceError(f"{said}: access is refused; look at {self.profile.say('address')}")
        raise SourceError(said)

    def _blocks(self, response: Any, size: int | None, deadline: Deadline) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        count = 0
        try:
            # Not stream(): it waits for a whole block, and a trickle would outlast every time-out.
            while block := response.read1(BLOCK_BYTES, decode_content=True):
                count += len(block)
                if count > self.profile.most_bytes:
                    raise too_large(self.profile, count)
                if deadline.is_over:
                    raise TransientError(f"it took longer than {self.profile.object_timeout:g} s")
                yield block
        except HTTPError as error:
            raise _failure(error) from error
        if size is not None and count != size:
            raise TransientError(f"it was cut: {count:,} of {size:,} bytes came")


def _pool(profile: Profile) -> Any:
    from urllib.request import getproxies, proxy_bypass

    from urllib3 import PoolManager, ProxyManager, Retry

    given: dict[str, Any] = {
        "num_pools": 4,
        "maxsize": profile.connections,
        "block": True,
        "headers": {"User-Agent": "vsf", "Accept-Encoding": "identity"},
        # Only redirects are followed here; retried() tries again.
        "retries": Retry(connect=0, read=0, other=0, status=0, redirect=5, respect_retry_after_header=False),
    }
    address = urlsplit(profile.address)
    host = address.hostname or ""
    proxy = getproxies().get(address.scheme)
    if proxy and host not in _HOSTS_HERE and not proxy_bypass(host):
        return ProxyManager(proxy, **given)
    return PoolManager(**given)


def _length(response: Any) -> int | None:
    """Return the announced bytes of the body as it is read, or None."""
    text = response.headers.get("Content-Length", "")
    plain = response.headers.get("Content-Encoding", "identity") == "identity"
    return int(text) if plain and text.isdecimal() else None


def _retry_after(text: str | None, now: datetime) -> float:
    """Return the seconds of a Retry-After header, which may also hold a date."""
    if not text:
        return 0.0
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _failure(error: Exception) -> SourceError:
    """Return what a failed request means: most failures may pass, a bad certificate or address does not."""
    from urllib3 import exceptions

    if isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, exceptions.SSLError | exceptions.LocationValueError | exceptions.ResponseError):
        return SourceError(str(error))
    if isinstance(error, exceptions.NewConnectionError | exceptions.NameResolutionError):
        return TransientError(f"the server cannot be reached: {error}")
    if isinstance(error, exceptions.ConnectTimeoutError | exceptions.ReadTimeoutError):
        what = "connect" if isinstance(error, exceptions.ConnectTimeoutError) else "read"
        return TransientError(f"the server did not answer in time ({what}_timeout)")
    if isinstance(error, exceptions.IncompleteRead) or isinstance(error.__cause__, exceptions.IncompleteRead):
        return TransientError("it was cut: fewer bytes came than announced")
    return TransientError(f"the connection failed: {error}")
