"""Contracts of the mobile analytics family: events, lines, accounts, limits.

Here: columns, types and rules on single rows. Not here: duplicates, history and references (dbt). Source of the rules:
the feed description, docs/feeds.md.
"""

from datetime import date, datetime

import pandera.polars as pa
import polars as pl

from vsf_assets.contracts.rule_descriptions import MUST
from vsf_assets.contracts.table import IDENTIFIER, PERSONAL_ID, PERSONAL_TEXT, TEXT, Table

PHONE_NUMBER = r"^[0-9]{10}$"
ACCOUNT_NUMBER = r"^ACCT[0-9]{5}$"
PHONE_IN_WORDS = {MUST: "have 10 digits"}
ACCOUNT_IN_WORDS = {MUST: "be ACCT and 5 digits"}
OBJECT_IN_WORDS = {MUST: 'be a JSON object like {"name": "value"}, without NaN and with numbers below 1.8e308'}


def _is_json_object(texts: pl.Series) -> pl.Series:
    """Return for each text whether it is a JSON object; null for null."""
    present = texts.drop_nulls().to_list()
    if _are_json_objects(present):
        return texts.is_null().replace_strict({True: None, False: True}, return_dtype=pl.Boolean)
    return texts.map_elements(lambda text: _are_json_objects([text]), return_dtype=pl.Boolean)


def _are_json_objects(texts: list[str]) -> bool:
    """Return whether all texts are JSON objects.

    Each is parsed alone and thrown away at once. Parsed together, as one array, they took three times as long: their
    objects filled the caches.
    """
    import orjson

    try:
        return set(map(type, map(orjson.loads, texts))) <= {dict}
    except orjson.JSONDecodeError:
        return False


PERSONAL_IN_MODELS = {
    "mtn": IDENTIFIER,
    "line_key": IDENTIFIER,
    "account_key": IDENTIFIER,
    "usage_limit_key": IDENTIFIER,
    "version_key": IDENTIFIER,
    "property_value": TEXT,
}
"""Columns of the models that hold personal values, or keys made of them: an md5 of ten digits is undone in minutes."""


class Events(pa.DataFrameModel):
    """Something a user or the app did, as the analytics service exports it."""

    mdn: str = pa.Field(
        nullable=True,
        str_matches=PHONE_NUMBER,
        metadata=PHONE_IN_WORDS | PERSONAL_ID,
        description="Phone line, 10 digits; null if unknown.",
    )
    app: int = pa.Field(nullable=True, description="Number of the app.")
    amplitude_id: str = pa.Field(
        nullable=True, metadata=PERSONAL_ID, description="User, as the analytics service numbers them."
    )
    device_id: str = pa.Field(nullable=True, metadata=PERSONAL_ID, description="Device, as the app numbers it.")
    user_id: str = pa.Field(nullable=True, metadata=PERSONAL_ID, description="User, as the app names them.")
    event_time: datetime = pa.Field(description="When the event happened, UTC, to the millisecond.")
    client_event_time: datetime = pa.Field(
        nullable=True, description="When the event happened by the device's clock, UTC."
    )
    client_upload_time: datetime = pa.Field(nullable=True, description="When the device sent the event, UTC.")
    server_upload_time: datetime = pa.Field(
        nullable=True, description="When the analytics service received the event, UTC."
    )
    event_id: int = pa.Field(nullable=True, description="Number of the event within the device.")
    session_id: int = pa.Field(nullable=True, description="Session the event belongs to; -1 outside of one.")
    event_type: str = pa.Field(description="Kind of event, such as app_open.")
    amplitude_event_type: str = pa.Field(nullable=True, description="Kind of event, as the analytics service names it.")
    version_name: str = pa.Field(nullable=True, description="Version of the app.")
    os_name: str = pa.Field(nullable=True, description="Operating system of the device.")
    os_version: str = pa.Field(nullable=True, description="Version of the operating system.")
    device_brand: str = pa.Field(nullable=True, description="Brand of the device.")
    device_manufacturer: str = pa.Field(nullable=True, description="Manufacturer of the device.")
    device_model: str = pa.Field(nullable=True, description="Model of the device.")
    device_carrier: str = pa.Field(nullable=True, description="Carrier of the device's mobile connection.")
    country: str = pa.Field(nullable=True, description="Country of the event.")
    language: str = pa.Field(nullable=True, description="Language of the device.")
    location_lat: float = pa.Field(
        nullable=True, metadata=PERSONAL_ID, description="Latitude of the event, decimal degrees."
    )
    location_lng: float = pa.Field(
        nullable=True, metadata=PERSONAL_ID, description="Longitude of the event, decimal degrees."
    )
    ip_address: str = pa.Field(nullable=True, metadata=PERSONAL_ID, description="IP address the event came from.")
    event_properties: str = pa.Field(
        nullable=True,
        metadata=OBJECT_IN_WORDS | PERSONAL_TEXT,
        description="Properties of the event, a JSON object as text.",
    )
    user_properties: str = pa.Field(
        nullable=True,
        metadata=OBJECT_IN_WORDS | PERSONAL_TEXT,
        description="Properties of the user, a JSON object as text.",
    )
    region: str = pa.Field(nullable=True, description="Region of the event.")
    city: str = pa.Field(nullable=True, metadata=PERSONAL_ID, description="City of the event.")
    dma: str = pa.Field(nullable=True, metadata=PERSONAL_ID, description="Designated market area of the event.")
    device_family: str = pa.Field(nullable=True, description="Family of the device.")
    device_type: str = pa.Field(nullable=True, description="Type of the device.")
    platform: str = pa.Field(nullable=True, description="Platform of the app.")
    uuid: str = pa.Field(description="Identifies the event together with the UTC date of event_time.")
    paying: str = pa.Field(nullable=True, description="Whether the user pays, as delivered.")
    start_version: str = pa.Field(nullable=True, description="Version of the app the user started with.")
    user_creation_time: str = pa.Field(nullable=True, description="When the user was created, as delivered (text).")
    library: str = pa.Field(nullable=True, description="Client library that sent the event.")
    idfa: str = pa.Field(nullable=True, metadata=PERSONAL_ID, description="Advertising identifier of iOS.")
    adid: str = pa.Field(nullable=True, metadata=PERSONAL_ID, description="Advertising identifier of Android.")

    @pa.check("event_properties", "user_properties", name="json_object")
    def json_object(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805 - pandera's form
        """Allow JSON objects only; readers/common/findings.py maps the check's name to its anomaly."""
        answer = pl.col(data.key).map_batches(_is_json_object, return_dtype=pl.Boolean)
        return data.lazyframe.select(answer)


class Lines(pa.DataFrameModel):
    """The state of a phone line."""

    MTN: str = pa.Field(
        str_matches=PHONE_NUMBER, metadata=PHONE_IN_WORDS | PERSONAL_ID, description="Phone line, 10 digits."
    )
    DEVICE_GROUPING: str = pa.Field(
        isin=["APPLE", "ANDROID"], description="Kind of device on the line: APPLE or ANDROID."
    )
    SALES_CHANNEL: str = pa.Field(
        isin=["Retail", "Direct", "Indirect"], description="Channel that sold the line: Retail, Direct or Indirect."
    )
    SVC_ACT_DT: date = pa.Field(description="Day the service was activated.")


class Accounts(pa.DataFrameModel):
    """The state of a customer account."""

    CUST_ACCT: str = pa.Field(
        str_matches=ACCOUNT_NUMBER,
        metadata=ACCOUNT_IN_WORDS | PERSONAL_ID,
        description="Customer account, ACCT and 5 digits.",
    )
    SEGMENT_NAME: str = pa.Field(description="Market segment of the account; new values may appear.")
    SVC_PLAN: str = pa.Field(description="Service plan of the account; new values may appear.")


class Limits(pa.DataFrameModel):
    """A usage limit that a customer set on a line."""

    MTN: str = pa.Field(
        str_matches=PHONE_NUMBER,
        metadata=PHONE_IN_WORDS | PERSONAL_ID,
        description="Phone line that has the limit, 10 digits.",
    )
    CUST_ACCT: str = pa.Field(
        str_matches=ACCOUNT_NUMBER,
        metadata=ACCOUNT_IN_WORDS | PERSONAL_ID,
        description="Customer account of the line, ACCT and 5 digits.",
    )
    LIMITING_DT: date = pa.Field(description="Day of the limit.")
    LIMIT_TYPE: str = pa.Field(description="Kind of limit; USG is a usage limit, others may appear.")


TABLES = (
    Table(
        "raw.events", "an event as delivered", ("uuid", "event_time"), Events, references=(("mdn", "raw.lines.MTN"),)
    ),
    Table("raw.lines", "a line's state as delivered", ("MTN",), Lines),
    Table("raw.accounts", "an account's state as delivered", ("CUST_ACCT",), Accounts),
    Table(
        "raw.limits",
        "a limit as delivered",
        ("MTN", "CUST_ACCT", "LIMITING_DT", "LIMIT_TYPE"),
        Limits,
        references=(("MTN", "raw.lines.MTN"), ("CUST_ACCT", "raw.accounts.CUST_ACCT")),
    ),
)
