"""Contracts of the catalog family: songs, movies, apps, and the records of scans.

Here: fields, types and rules on single records. Not here: keys, derived fields and the choice between two records of a
key (dbt). Source of the rules: the feed description, docs/feeds.md.
"""

from datetime import date

import pandera.polars as pa

from vsf_assets.contracts.table import Table


class Songs(pa.DataFrameModel):
    """A song of a catalog."""

    artist_name: str = pa.Field(description="Artist who performs the song.")
    title: str = pa.Field(description="Title of the song.")
    year: int = pa.Field(description="Year of release; 0 where the sender does not know it.")
    release: str = pa.Field(description="Album the song was released on.")


class Movies(pa.DataFrameModel):
    """A movie of a catalog."""

    original_title: str = pa.Field(description="Title in the original language.")
    original_language: str = pa.Field(description="Original language, as a code.")
    budget: int = pa.Field(
        description="Budget in whole units of money; files name no currency. 0 where the sender does not know it."
    )
    is_adult: bool = pa.Field(description="Whether the movie is for adults only.")
    release_date: date = pa.Field(description="Day of release.")


class Apps(pa.DataFrameModel):
    """An app of a catalog."""

    name: str = pa.Field(description="Name of the app.")
    genre: str = pa.Field(description="Genre of the app.")
    rating: float = pa.Field(description="Mean rating by users.")
    version: str = pa.Field(description="Version of the app, as text.")
    size_bytes: int = pa.Field(description="Size of the app in bytes.")


class SkippedTypes(pa.DataFrameModel):
    """A type of records that the feed does not load; its records are skipped and counted."""

    record_type: str = pa.Field(description="Type of the records, as delivered.")
    records: int = pa.Field(ge=1, description="Number of records of this type in the object.")


class CatalogList(pa.DataFrameModel):
    """A name in a list of objects."""

    position: int = pa.Field(ge=1, description="Place of the name in the list, from 1; blank lines do not count.")
    object_name: str = pa.Field(description="Name of the object, as listed.")


class CatalogScans(pa.DataFrameModel):
    """An object whose state had changed since the previous scan."""

    position: int = pa.Field(ge=1, description="First place of the object in the list, from 1.")
    name: str = pa.Field(description="Name of the object, as listed.")
    state: str = pa.Field(
        nullable=True,
        description="State of the object: its ETag, or its size and time; null where the object was gone.",
    )
    list_sha256: str = pa.Field(description="SHA-256 of the list that named the object, in hexadecimal digits.")


TABLES = (
    Table("raw.songs", "a song as delivered", ("artist_name", "title"), Songs),
    Table("raw.movies", "a movie as delivered", ("original_title", "release_date"), Movies),
    Table("raw.apps", "an app as delivered", ("name", "version"), Apps),
    Table("raw.skipped_types", "an unknown type of records in an object", ("record_type",), SkippedTypes),
    Table("raw.catalog_list", "a name in a list as fetched", ("object_name",), CatalogList),
    Table(
        "raw.catalog_looks",
        "an object whose state a scan found changed",
        ("name",),
        CatalogScans,
        references=(("name", "raw.catalog_list.object_name"),),
    ),
)
