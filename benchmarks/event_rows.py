"""Made-up rows of the mobile analytics family: events, and the lines, accounts and limits they refer to.

Here: what is in the rows, a pure function of sizes and a seed. Not here: where files are kept
(event_files.py). A hundredth of the events happened the day before, one in twenty has no line, one line in
fifty is unknown. Every row is good: bad ones take another way than most.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

SEED = 20
EVENTS_PER_LINE = 4
FIRST_LINE = 5_550_000_000
EVENT_TYPES = [f"{area}_{what}" for area in ("location", "limits", "content", "family") for what in "abcdefghijkl"]
DEVICES = (
    ("android", "9", "Google", "Pixel 3", "Google Phone", "Google Pixel", "Android", "amplitude-android/2.17.0"),
    ("android", "8.1.0", "samsung", "SM-G960U", "Samsung Phone", "Samsung Galaxy S9", "Android", "http/1.0"),
    ("ios", "12.2", "Apple", "iPhone10,1", "Apple iPhone", "Apple iPhone 8", "iOS", "amplitude-ios/4.5.0"),
)
OF_DEVICE = (
    *("os_name", "os_version", "device_manufacturer", "device_model"),
    *("device_family", "device_type", "platform", "library"),
)
PROPERTIES = (
    '{"batteryLevel":{number},"locationPermission":true,"accuracy":{number}.5,"requestId":"{id}"}',
    '{"target_role":"child","requestedAt":"{time}","requestId":"{id}","attempts":{number}}',
    '{"limit":"{number},MB","note":"a:b|c","requestId":"{id}"}',
    '{"title":"said \\"stop\\" at {number}:30","requestId":"{id}"}',
    "{}",
)
USER_PROPERTIES = (
    '{"plan":"PREMIUM","role":"{role}","familySize":{size},"sessions":{number},"lastSync":"{time}",'
    '"features":"location,limits,filters","timeZone":"America/Chicago","appBuild":"8.1.{number}","id":"{id}"}'
)


_USER_COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "number", "type": "Sequence", "from": 0},
    {"name": "device", "type": "Integer", "to": len(DEVICES) - 1},
    {"name": "region", "type": "Integer", "from": 10, "to": 59},
    {"name": "device_id", "type": "UUID"},
    {"name": "carrier", "type": "Choice", "values": ["Verizon", "AT&T", "T-Mobile", "Sprint"]},
    {"name": "language", "type": "Choice", "values": ["English", "Spanish", "French"], "weights": [2, 1, 1]},
    {"name": "adid", "type": "UUID"},
)


def events(day: date, count: int) -> "pl.DataFrame":
    """Return the events of a processing date, 40 columns in the order of the file, in order of time."""
    import polars as pl

    from vsf_assets.synthetic.generator import generated_rows

    people = users(max(10, count // EVENTS_PER_LINE))
    made = generated_rows(_event_columns(people.height), count, SEED * 10**7 + day.toordinal())
    number, milliseconds = (
        made["number"],
        made["millisecond"].sort() - 86_400_000 * made["is_of_yesterday"].cast(pl.Int64),
    )
    happened = milliseconds.cast(pl.Duration("ms")) + datetime.combine(day, datetime.min.time())
    frame = people[made["person"]].with_columns(
        event_time=happened,
        client_event_time=happened - made["clock_is_behind"].cast(pl.Duration("ms")),
        client_upload_time=happened + made["sent_after"].cast(pl.Duration("ms")),
        server_upload_time=happened + made["taken_after"].cast(pl.Duration("ms")),
        event_id=made["event_id"],
        session_id=pl.when(number < 20).then(-1).otherwise(happened.dt.epoch("ms") // 600_000 * 600_000),
        event_type=made["event_type"],
        location_lat=made["lat"].cast(pl.Float64),
        location_lng=made["lng"].cast(pl.Float64),
        ip_address=pl.format("10.{}.{}.{}", made["ip1"], made["ip2"], made["ip3"]),
        uuid=made["uuid"],
        number=number,
        property_id=made["property_id"],
        template=made["template"],
    )
    frame = frame.with_columns(event_properties=_filled("template"), user_properties=_filled("user_template"))
    empty = [pl.lit(None, pl.String).alias(name) for name in _columns() if name not in frame.columns]
    return frame.with_columns(empty).select(_columns())


@lru_cache(maxsize=2)
def users(count: int) -> "pl.DataFrame":
    """Return the users whose events are delivered, each with one line and one device."""
    import polars as pl

    from vsf_assets.synthetic.generator import generated_rows

    made = generated_rows(_USER_COLUMNS, count, SEED)
    number = made["number"]
    devices = pl.DataFrame(DEVICES, schema=list(OF_DEVICE), orient="row")
    region = made["region"].cast(pl.String)
    return devices[made["device"]].with_columns(
        mdn=pl.when(number % 20 != 7).then((number + FIRST_LINE).cast(pl.String)),
        app=150_190 + number % 8,
        amplitude_id=(number * 7919 + 10**11).cast(pl.String),
        device_id=made["device_id"],
        user_id="user" + number.cast(pl.String),
        version_name="8." + (number % 12).cast(pl.String),
        device_carrier=made["carrier"],
        country=pl.lit("United States"),
        language=made["language"],
        region="Region " + region,
        city="City " + region + "-" + (number % 40).cast(pl.String),
        dma="DMA " + region,
        start_version="4." + (number % 9).cast(pl.String) + ".2.0",
        user_creation_time=pl.lit("2018-02-24 00:00:00.000"),
        adid=pl.when(number % 5 == 0).then(made["adid"]),
        user_template=pl.lit(USER_PROPERTIES),
        role=pl.when(number % 3 == 0).then(pl.lit("parent")).otherwise(pl.lit("child")),
    )


def states(count: int) -> "dict[str, pl.DataFrame]":
    """Return lines, accounts and limits by the names of their files; `count` is the number of events of a day."""
    import polars as pl

    lines = users(max(10, count // EVENTS_PER_LINE)).select(MTN="mdn").drop_nulls().with_row_index("n")
    lines = lines.filter(pl.col("n") % 50 != 7)
    account = pl.format("ACCT{}", (pl.col("n") // 2).cast(pl.String).str.zfill(5))
    return {
        "linedim": lines.select(
            "MTN",
            DEVICE_GROUPING=pl.when(pl.col("n") % 3 == 0).then(pl.lit("APPLE")).otherwise(pl.lit("ANDROID")),
            SALES_CHANNEL=pl.when(pl.col("n") % 2 == 0).then(pl.lit("Retail")).otherwise(pl.lit("Direct")),
            SVC_ACT_DT=date(2018, 6, 1) + pl.duration(days=pl.col("n") % 400),
        ),
        "accountdim": lines.filter(pl.col("n") % 2 == 0).select(
            CUST_ACCT=account,
            SEGMENT_NAME=pl.when(pl.col("n") % 4 == 0).then(pl.lit("Millenials")).otherwise(pl.lit("Baby_Boomer")),
            SVC_PLAN=pl.when(pl.col("n") % 6 == 0).then(pl.lit("Premium")).otherwise(pl.lit("Basic")),
        ),
        "limitfact": lines.select("MTN", CUST_ACCT=account, LIMITING_DT=date(2018, 12, 1), LIMIT_TYPE=pl.lit("USG")),
    }


def _columns() -> list[str]:
    from vsf_assets.contracts import get_table

    return list(get_table("raw.events").schema.columns)


def _number(name: str, lowest: int, highest: int) -> dict[str, Any]:
    return {"name": name, "type": "Integer", "from": lowest, "to": highest}


def _degrees(name: str, lowest: int, highest: int) -> dict[str, Any]:
    """Return degrees that a tenth of the rows has."""
    return {"name": name, "type": "Decimal", "from": lowest, "to": highest, "places": 5, "null_share": 0.9}


def _event_columns(people: int) -> list[dict[str, Any]]:
    """Return what chance says of an event."""
    return [
        _number("number", 0, 99),
        _number("millisecond", 0, 86_399_999),
        {"name": "is_of_yesterday", "type": "Boolean", "true_share": 0.01},
        _number("person", 0, people - 1),
        _number("clock_is_behind", 0, 899),
        _number("sent_after", 0, 8999),
        _number("taken_after", 9000, 59_999),
        _number("event_id", 1, 999_999),
        {"name": "event_type", "type": "Choice", "values": EVENT_TYPES},
        _degrees("lat", 25, 48),
        _degrees("lng", -124, -70),
        *(_number(f"ip{place}", 0, 255) for place in (1, 2, 3)),
        {"name": "uuid", "type": "UUID"},
        {"name": "property_id", "type": "UUID"},
        {"name": "template", "type": "Choice", "values": list(PROPERTIES)},
    ]


def _filled(template: str) -> "pl.Expr":
    """Return a template as JSON with this row's values, quoted and escaped as the files have it."""
    import polars as pl

    filled = pl.col(template)
    values = {
        "number": pl.col("number").cast(pl.String),
        "size": (pl.col("number") % 6).cast(pl.String),
        "time": pl.col("event_time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "id": pl.col("property_id"),
        "role": pl.col("role"),
    }
    for name, value in values.items():
        filled = filled.str.replace_all(f"{{{name}}}", value, literal=True)
    escaped = filled.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return pl.format('"{}"', escaped)
