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


def events(day: date, count: int) -> "pl.DataFrame":
    """Return the events of a processing date, 40 columns in the order of the file, in order of time."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng([SEED, day.toordinal()])
    number = random.integers(0, 100, count)
    milliseconds = np.sort(random.integers(0, 86_400_000, count)) - 86_400_000 * (random.random(count) < 0.01)
    happened = pl.Series(milliseconds).cast(pl.Duration("ms")) + datetime.combine(day, datetime.min.time())
    people = users(max(10, count // EVENTS_PER_LINE))
    frame = people[random.integers(0, people.height, count)].with_columns(
        event_time=happened,
        client_event_time=happened - pl.Series(random.integers(0, 900, count)).cast(pl.Duration("ms")),
        client_upload_time=happened + pl.Series(random.integers(0, 9000, count)).cast(pl.Duration("ms")),
        server_upload_time=happened + pl.Series(random.integers(9000, 60_000, count)).cast(pl.Duration("ms")),
        event_id=pl.Series(random.integers(1, 1_000_000, count)),
        session_id=pl.when(pl.Series(number < 20)).then(-1).otherwise(happened.dt.epoch("ms") // 600_000 * 600_000),
        event_type=_chosen(random, EVENT_TYPES, count),
        location_lat=_mostly_empty(random, 25, 48, count),
        location_lng=_mostly_empty(random, -124, -70, count),
        ip_address=pl.format("10.{}.{}.{}", *(pl.Series(random.integers(0, 256, count)) for _ in range(3))),
        uuid=_ids(random, count),
        number=pl.Series(number),
        property_id=_ids(random, count),
        template=_chosen(random, PROPERTIES, count),
    )
    frame = frame.with_columns(event_properties=_filled("template"), user_properties=_filled("user_template"))
    empty = [pl.lit(None, pl.String).alias(name) for name in _columns() if name not in frame.columns]
    return frame.with_columns(empty).select(_columns())


@lru_cache(maxsize=2)
def users(count: int) -> "pl.DataFrame":
    """Return the users whose events are delivered, each with one line and one device."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng([SEED, count])
    number = pl.Series(np.arange(count))
    devices = pl.DataFrame(DEVICES, schema=list(OF_DEVICE), orient="row")
    region = pl.Series(random.integers(10, 60, count)).cast(pl.String)
    return devices[random.integers(0, len(DEVICES), count)].with_columns(
        mdn=pl.when(number % 20 != 7).then((number + FIRST_LINE).cast(pl.String)),
        app=150_190 + number % 8,
        amplitude_id=(number * 7919 + 10**11).cast(pl.String),
        device_id=_ids(random, count),
        user_id="user" + number.cast(pl.String),
        version_name="8." + (number % 12).cast(pl.String),
        device_carrier=_chosen(random, ("Verizon", "AT&T", "T-Mobile", "Sprint"), count),
        country=pl.lit("United States"),
        language=_chosen(random, ("English", "English", "Spanish", "French"), count),
        region="Region " + region,
        city="City " + region + "-" + (number % 40).cast(pl.String),
        dma="DMA " + region,
        start_version="4." + (number % 9).cast(pl.String) + ".2.0",
        user_creation_time=pl.lit("2018-02-24 00:00:00.000"),
        adid=pl.when(number % 5 == 0).then(_ids(random, count)),
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


def _chosen(random: Any, values: Any, count: int) -> "pl.Series":
    import polars as pl

    return pl.Series(values).gather(random.integers(0, len(values), count))


def _mostly_empty(random: Any, low: float, high: float, count: int) -> "pl.Series":
    """Return degrees in a tenth of the rows."""
    import polars as pl

    is_known, degrees = pl.Series(random.random(count) < 0.1), pl.Series(random.uniform(low, high, count).round(5))
    return pl.select(pl.when(is_known).then(degrees)).to_series()


def _ids(random: Any, count: int) -> "pl.Series":
    import polars as pl

    text = random.bytes(16 * count).hex()
    ids = pl.DataFrame({"id": [text[at : at + 32] for at in range(0, len(text), 32)]})
    parts = [pl.col("id").str.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return ids.select(pl.concat_str(parts, separator="-")).to_series()


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
