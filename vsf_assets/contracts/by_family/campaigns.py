"""Contracts of the campaign family: impressions, clicks, conversions.

Here: columns, types and rules on single rows. Not here: duplicates and references between rows (dbt). Source of the
rules: the campaign feed description.
"""

from typing import Annotated

import pandera.polars as pa
import polars as pl

from vsf_assets.contracts.table import Table

Money = Annotated[pl.Decimal, 18, 6]


class Impressions(pa.DataFrameModel):
    """A banner shown once for a campaign; it has no id, so equal rows are repeats."""

    banner_id: int = pa.Field(description="Banner that was shown.")
    campaign_id: int = pa.Field(description="Campaign the banner was shown for.")


class Clicks(pa.DataFrameModel):
    """A click on a banner."""

    click_id: int = pa.Field(
        description="Identifies the click within its quarter; other quarters use the same numbers."
    )
    banner_id: int = pa.Field(description="Banner that was clicked.")
    campaign_id: int = pa.Field(description="Campaign the banner was shown for.")


class Conversions(pa.DataFrameModel):
    """A sale that followed a click."""

    conversion_id: int = pa.Field(
        description="Identifies the conversion within its quarter; other quarters use the same numbers."
    )
    click_id: int = pa.Field(description="Click of the same quarter that led to the conversion.")
    revenue: Money = pa.Field(description="Money the conversion earned, with six decimals; files name no currency.")


TABLES = (
    Table("raw.impressions", "an impression as delivered", (), Impressions),
    Table(
        "raw.clicks",
        "a click as delivered",
        ("click_id",),
        Clicks,
        references=(("banner_id", "raw.impressions.banner_id"), ("campaign_id", "raw.impressions.campaign_id")),
    ),
    Table(
        "raw.conversions",
        "a conversion as delivered",
        ("conversion_id",),
        Conversions,
        references=(("click_id", "raw.clicks.click_id"),),
    ),
)
