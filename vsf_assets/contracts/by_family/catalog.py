"""Contracts of the catalog family: songs, movies, apps, and the records of scans.

Here: fields and types that a record can break by itself. Not here: keys, derived fields and which
of two records stands; dbt settles those. Source of the rules: the feed description, docs/feeds.md.
"""

from datetime import date

import pandera.polars as pa

from vsf_assets.contracts.table import Table


class Songs(pa.DataFrameModel):
    """A song of a catalog."""

    artist_name: str = pa.Field(description="who sings it")
    title: str = pa.Field(description="its title")
    year: int = pa.Field(description="year of its release; 0 where the sender does not know it")
    release: str = pa.Field(description="album it was released on")


class Movies(pa.DataFrameModel):
    """A movie of a catalog."""

    original_title: str = pa.Field(description="title in its own language")
    original_language: str = pa.Field(description="language, as a code")
    budget: int = pa.Field(description="budget; 0 where the sender does not know it")
    is_adult: bool = pa.Field(description="whether it is for adults only")
    release_date: date = pa.Field(description="day of its release")


class Apps(pa.DataFrameModel):
    """An app of a catalog."""

    name: str = pa.Field(description="its name")
    genre: str = pa.Field(description="its genre")
    rating: float = pa.Field(description="mean rating")
    version: str = pa.Field(description="its version")
    size_bytes: int = pa.Field(description="size in bytes")


class SkippedTypes(pa.DataFrameModel):
    """A type of records that nobody asked for."""

    record_type: str = pa.Field(description="the type, as delivered")
    records: int = pa.Field(ge=1, description="how many records of it the object has")


class CatalogList(pa.DataFrameModel):
    """A name in a list of objects."""

    position: int = pa.Field(ge=1, description="place among the names of the list, from 1; blank lines do not count")
    object_name: str = pa.Field(description="name of the object, as listed")


class CatalogScans(pa.DataFrameModel):
    """An object whose state had changed when the platform looked."""

    position: int = pa.Field(ge=1, description="first place of the object in the list, from 1")
    name: str = pa.Field(description="name of the object, as listed")
    state: str = pa.Field(nullable=True, description="ETag, or size and time; empty where the object was gone")
    list_sha256: str = pa.Field(description="SHA-256 of the list's bytes")


TABLES = (
    Table("raw.songs", "a song as delivered", ("artist_name", "title"), Songs),
    Table("raw.movies", "a movie as delivered", ("original_title", "release_date"), Movies),
    Table("raw.apps", "an app as delivered", ("name", "version"), Apps),
    Table("raw.skipped_types", "an unknown type of records in an object", ("record_type",), SkippedTypes),
    Table("raw.catalog_list", "a name in a list as fetched", ("object_name",), CatalogList),
    Table("raw.catalog_looks", "an object whose state a look found changed", ("name",), CatalogScans),
)
