"""Client of an S3 prefix: object states are ETags from one paged listing.

Not here: the S3 client (storage/s3_client.py) and retries (catalog/model/retry.py). Importing boto takes a second,
so nothing imports this module before an S3 source is used.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vsf_assets.catalog.clients.base import BLOCK_BYTES, OpenedObject, too_large
from vsf_assets.catalog.model.errors import GoneError, SourceError, TransientError
from vsf_assets.catalog.model.plan import Observed
from vsf_assets.catalog.model.retry import Deadline, retried
from vsf_assets.common.call_timeout import within
from vsf_assets.config.catalog_profiles import Profile
from vsf_assets.config.settings import client_options
from vsf_assets.storage.boto_private import prompt
from vsf_assets.storage.s3_client import ABSENT, COLD, DENIED, error_code, make_client, split_address


class S3Source:
    """Objects below `s3://bucket/prefix`."""

    asks_for_each = False

    def __init__(self, profile: Profile):
        self.profile = profile
        bucket, prefix = split_address(profile.address)
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._client = _client(profile)

    def is_absent(self) -> bool:
        """Whether the prefix holds no object."""
        return not self._page({"MaxKeys": 1}).get("KeyCount")

    def observe(self, names: Sequence[str], progress: Callable[[int], None]) -> dict[str, Observed]:
        """Return the ETag of each name from a listing of the prefix, a thousand objects per request."""
        wanted: dict[str, Observed] = dict.fromkeys(names)
        options: dict[str, Any] = {}
        while True:
            page = self._page(options)
            for item in page.get("Contents", ()):
                name = item["Key"].removeprefix(self._prefix)
                if name in wanted:
                    wanted[name] = item["ETag"]
            progress(sum(state is not None for state in wanted.values()))
            if not page.get("IsTruncated"):
                return wanted
            options = {"ContinuationToken": page["NextContinuationToken"]}

    @contextmanager
    def open(self, name: str, deadline: Deadline) -> Iterator[OpenedObject]:
        """Request an object."""
        with self._errors():
            answer = within(
                deadline.left(), lambda: self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            )
        if "ETag" not in answer or "ContentLength" not in answer:
            answer["Body"].close()
            raise TransientError("the store's answer was cut off")
        body, size = answer["Body"], int(answer["ContentLength"])
        try:
            if size > self.profile.most_bytes:
                raise too_large(self.profile, size)
            yield OpenedObject(answer["ETag"], size, self._blocks(body, deadline))
        finally:
            body.close()

    def last_modified(self, names: Sequence[str]) -> float:  # noqa: ARG002
        """Return 0: a store shows complete objects only."""
        return 0.0

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _page(self, options: dict[str, Any]) -> dict[str, Any]:
        def listing(deadline: Deadline) -> dict[str, Any]:
            where = {"Bucket": self._bucket, "Prefix": self._prefix, **options}
            with self._errors():
                page: dict[str, Any] = within(deadline.left(), lambda: self._client.list_objects_v2(**where))
            if "IsTruncated" not in page:  # a cut page must not count as the last one
                raise TransientError("the store's answer was cut off")
            return page

        return retried(listing, self.profile.attempts, self.profile.object_timeout)

    def _blocks(self, body: Any, deadline: Deadline) -> Iterator[bytes]:
        """Yield the bytes; the client verifies their number and checksum."""
        from botocore.exceptions import BotoCoreError, IncompleteReadError, ResponseStreamingError
        from urllib3.exceptions import HTTPError

        body = prompt(body)
        try:
            while block := body.read(BLOCK_BYTES):
                if deadline.is_over:
                    raise TransientError(f"it took longer than {self.profile.object_timeout:g} s")
                yield block
        except (IncompleteReadError, ResponseStreamingError) as error:
            raise TransientError("the store's answer was cut off") from error
        except (BotoCoreError, HTTPError) as error:
            raise TransientError(f"the connection failed: {error}") from error

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Translate the client's errors to SourceError."""
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, HTTPClientError
        from botocore.parsers import ResponseParserError

        try:
            yield
        except ClientError as error:
            raise self._explained(error) from error
        except TimeoutError as error:
            raise TransientError(f"it took longer than {self.profile.object_timeout:g} s") from error
        except (ConnectionClosedError, ResponseParserError) as error:
            raise TransientError("the store's answer was cut off") from error
        except HTTPClientError as error:
            raise TransientError(f"the object store did not answer: {error}") from error
        except BotoCoreError as error:
            raise SourceError(
                f"{error}; look at the AWS variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL)"
            ) from error

    def _explained(self, error: Any) -> SourceError:
        code, status = error_code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        address = self.profile.say("address")
        if code == "NoSuchBucket":
            return SourceError(f"there is no bucket {self._bucket}; look at {address}")
        if code in ABSENT:
            return GoneError("it is not there")
        if code in COLD:
            return SourceError("it is archived in cold storage; restore it (aws s3api restore-object), then run again")
        if code in DENIED or status in (401, 403):
            return SourceError(
                f"access is refused ({code}): the credentials of the AWS variables need s3:ListBucket and s3:GetObject"
                f" for {address}"
            )
        if status == 429 or status >= 500 or code in ("SlowDown", "RequestTimeout"):
            headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            retry_after = headers.get("retry-after", "")
            return TransientError(
                f"the object store answered {status} {code}", float(retry_after) if retry_after.isdecimal() else 0
            )
        return SourceError(f"the object store answered {status} {code}")


def _client(profile: Profile) -> Any:
    """Return a client with the profile's time-outs; it makes one attempt, since retried() repeats."""
    from botocore.exceptions import BotoCoreError

    client_options()  # exports the AWS variables of a `.env` file
    try:
        return make_client(1, profile.connect_timeout, profile.read_timeout, profile.connections)
    except (BotoCoreError, ValueError) as error:
        raise SourceError(f"no client can be made: {error}; look at the AWS variables") from error
