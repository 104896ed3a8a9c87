"""Contracts of the mobile analytics family: events, lines, accounts, limits.

Here: columns, types and row rules that a row can break by itself. Not here: duplicates, history
and references, which dbt settles. Source of the rules: the feed description, docs/feeds.md.
"""

import secrets
from datetime import date, datetime

import pandera.polars as pa
import polars as pl

from vsf_assets.contracts.rule_descriptions import MUST
from vsf_assets.contracts.table import Table

PHONE_NUMBER = r"^[0-9]{10}$"
ACCOUNT_NUMBER = r"^ACCT[0-9]{5}$"
PHONE_IN_WORDS = {MUST: "have 10 digits"}
ACCOUNT_IN_WORDS = {MUST: "be ACCT and 5 digits"}
OBJECT_IN_WORDS = {MUST: 'be a JSON object like {"name": "value"}, without NaN and with numbers below 1.8e308'}


def _is_json_object(texts: pl.Series) -> pl.Series:
    """Return whether each text is a JSON object; null where there is none."""
    present = texts.drop_nulls().to_list()
    if _are_json_objects(present):
        return texts.is_null().replace_strict({True: None, False: True}, return_dtype=pl.Boolean)
    return texts.map_elements(lambda text: _are_json_objects([text]), return_dtype=pl.Boolean)


def _are_json_objects(texts: list[str]) -> bool:
    """Return whether all texts are JSON objects, by parsing them as one array, which is much faster.

    Between them stands a word that no text can know, so that texts that are only valid together
    (`{"a":1` and `"b":2}`) do not pass.
    """
    import orjson

    word = secrets.token_hex(16)
    try:
        parsed = orjson.loads(f'[{f""","{word}",""".join(texts)}]')
    except orjson.JSONDecodeError:
        return False
    values, between = parsed[::2], parsed[1::2]
    whole = len(values) == len(texts) and between.count(word) == len(between) == max(len(texts) - 1, 0)
    return whole and set(map(type, values)) <= {dict}


class Events(pa.DataFrameModel):
    """Something a user or the app did, as the analytics service exports it."""

    mdn: str = pa.Field(
        nullable=True,
        str_matches=PHONE_NUMBER,
        metadata=PHONE_IN_WORDS,
        description="phone line, 10 digits; empty if unknown",
    )
    app: int = pa.Field(nullable=True, description="number of the app")
    amplitude_id: str = pa.Field(nullable=True, description="id of the analytics service")
    device_id: str = pa.Field(nullable=True, description="device")
    user_id: str = pa.Field(nullable=True, description="user")
    event_time: datetime = pa.Field(description="when it happened, UTC, milliseconds")
    client_event_time: datetime = pa.Field(nullable=True, description="when it happened by the device's clock, UTC")
    client_upload_time: datetime = pa.Field(nullable=True, description="when the device sent it, UTC")
    server_upload_time: datetime = pa.Field(nullable=True, description="when the service took it, UTC")
    event_id: int = pa.Field(nullable=True, description="number of the event within the device")
    session_id: int = pa.Field(nullable=True, description="session; -1 outside of one")
    event_type: str = pa.Field(description="kind of event")
    amplitude_event_type: str = pa.Field(nullable=True, description="kind of event by the analytics service")
    version_name: str = pa.Field(nullable=True, description="version of the app")
    os_name: str = pa.Field(nullable=True, description="operating system")
    os_version: str = pa.Field(nullable=True, description="version of the operating system")
    device_brand: str = pa.Field(nullable=True, description="brand of the device")
    device_manufacturer: str = pa.Field(nullable=True, description="manufacturer of the device")
    device_model: str = pa.Field(nullable=True, description="model of the device")
    device_carrier: str = pa.Field(nullable=True, description="carrier")
    country: str = pa.Field(nullable=True, description="country")
    language: str = pa.Field(nullable=True, description="language")
    location_lat: float = pa.Field(nullable=True, description="latitude, decimal degrees")
    location_lng: float = pa.Field(nullable=True, description="longitude, decimal degrees")
    ip_address: str = pa.Field(nullable=True, description="IP address")
    event_properties: str = pa.Field(
        nullable=True, metadata=OBJECT_IN_WORDS, description="properties of the event, a JSON object"
    )
    user_properties: str = pa.Field(
        nullable=True, metadata=OBJECT_IN_WORDS, description="properties of the user, a JSON object"
    )
    region: str = pa.Field(nullable=True, description="region")
    city: str = pa.Field(nullable=True, description="city")
    dma: str = pa.Field(nullable=True, description="designated market area")
    device_family: str = pa.Field(nullable=True, description="family of the device")
    device_type: str = pa.Field(nullable=True, description="type of the device")
    platform: str = pa.Field(nullable=True, description="platform of the app")
    uuid: str = pa.Field(description="identifies the event, with its UTC date")
    paying: str = pa.Field(nullable=True, description="whether the user pays")
    start_version: str = pa.Field(nullable=True, description="version the user started with")
    user_creation_time: str = pa.Field(nullable=True, description="when the user was made, as delivered")
    library: str = pa.Field(nullable=True, description="library that sent it")
    idfa: str = pa.Field(nullable=True, description="advertising id of iOS")
    adid: str = pa.Field(nullable=True, description="advertising id of Android")

    @pa.check("event_properties", "user_properties", name="json_object")
    def json_object(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805 - pandera's form
        """Hold JSON objects only; the check's name is its anomaly (readers/common/findings.py)."""
        answer = pl.col(data.key).map_batches(_is_json_object, return_dtype=pl.Boolean)
        return data.lazyframe.select(answer)


class Lines(pa.DataFrameModel):
    """The state of a phone line."""

    MTN: str = pa.Field(str_matches=PHONE_NUMBER, metadata=PHONE_IN_WORDS, description="phone line, 10 digits")
    DEVICE_GROUPING: str = pa.Field(isin=["APPLE", "ANDROID"], description="APPLE or ANDROID")
    SALES_CHANNEL: str = pa.Field(isin=["Retail", "Direct", "Indirect"], description="Retail, Direct or Indirect")
    SVC_ACT_DT: date = pa.Field(description="date the service was activated")


class Accounts(pa.DataFrameModel):
    """The state of a customer account."""

    CUST_ACCT: str = pa.Field(
        str_matches=ACCOUNT_NUMBER, metadata=ACCOUNT_IN_WORDS, description="account, ACCT and 5 digits"
    )
    SEGMENT_NAME: str = pa.Field(description="market segment; new values may appear")
    SVC_PLAN: str = pa.Field(description="service plan; new values may appear")


class Limits(pa.DataFrameModel):
    """A usage limit that a customer set on a line."""

    MTN: str = pa.Field(str_matches=PHONE_NUMBER, metadata=PHONE_IN_WORDS, description="phone line, 10 digits")
    CUST_ACCT: str = pa.Field(
        str_matches=ACCOUNT_NUMBER, metadata=ACCOUNT_IN_WORDS, description="account, ACCT and 5 digits"
    )
    LIMITING_DT: date = pa.Field(description="date of the limit")
    LIMIT_TYPE: str = pa.Field(description="kind of limit; USG is a usage limit, others may appear")


TABLES = (
    Table("raw.events", "an event as delivered", ("uuid", "event_time"), Events),
    Table("raw.lines", "a line's state as delivered", ("MTN",), Lines),
    Table("raw.accounts", "an account's state as delivered", ("CUST_ACCT",), Accounts),
    Table("raw.limits", "a limit as delivered", ("MTN", "CUST_ACCT", "LIMITING_DT", "LIMIT_TYPE"), Limits),
)
