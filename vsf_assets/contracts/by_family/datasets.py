"""Contracts of the dataset family: namespaces, columns and data points of metadata dictionaries.

Here: fields and rules on single rows. All values are text. The reading is lenient (feeds/by_family/datasets.py): a row
with a valid key is stored, and its other defects are warnings, so a required field may be empty in the stored table.
Keys and references to keys are stored trimmed, because they are compared trimmed. Not here: duplicate keys and
references (dbt).
"""

import pandera.polars as pa

from vsf_assets.contracts.table import TRIMMED, Table


class Namespaces(pa.DataFrameModel):
    """A namespace of a dataset."""

    namespace_id: str = pa.Field(description="Identifies the namespace within its dataset.")
    namespace_option_name: str = pa.Field(description="Name by which people choose the namespace.")
    namespace_option_standard_name: str = pa.Field(
        nullable=True, description="Name of the namespace in standard spelling; null where none was delivered."
    )


class Columns(pa.DataFrameModel):
    """A column of a table of a database, and a data point it stands for."""

    column_id: str = pa.Field(description="Identifies the row within its dataset.")
    namespace_id: str = pa.Field(metadata={TRIMMED: True}, description="Namespace that the column belongs to.")
    dataset_database_name: str = pa.Field(description="Database that holds the table.")
    dataset_table_name: str = pa.Field(description="Table that has the column.")
    dataset_column_name: str = pa.Field(
        description="Name of the column; one column may stand for several data points, in a row each."
    )
    data_point_id: str = pa.Field(metadata={TRIMMED: True}, description="Data point that the column stands for.")
    dataset_owner_name: str = pa.Field(
        nullable=True, description="Owner of the dataset; null where none was delivered."
    )


class Datapoints(pa.DataFrameModel):
    """A data point of a dataset."""

    data_point_id: str = pa.Field(description="Identifies the data point within its dataset.")
    data_point_name: str = pa.Field(description="Name of the data point.")
    data_point_standard_name: str = pa.Field(
        nullable=True, description="Name of the data point in standard spelling; null where none was delivered."
    )
    approved_abreviations: str = pa.Field(
        nullable=True,
        description="Approved abbreviations, joined by |; null where none were delivered.",
    )
    data_point_definition: str = pa.Field(
        nullable=True, description="Meaning of the data point; null where none was delivered."
    )
    applicable_data_universes: str = pa.Field(
        nullable=True,
        description="Data universes that use the data point, joined by |; null where none were delivered.",
    )
    applicable_domicile: str = pa.Field(
        nullable=True, description="Domiciles the data point applies to, joined by |; null where none were delivered."
    )
    data_type: str = pa.Field(
        nullable=True, description="Type of the data point's values, as delivered; null where none was."
    )
    data_point_possible_values: str = pa.Field(
        nullable=True, description="Values the data point may have, joined by |; null where none were delivered."
    )
    is_derived: str = pa.Field(
        nullable=True,
        isin=["TRUE", "FALSE"],
        description="TRUE if it is derived from others, else FALSE; other texts are reported.",
    )
    methodology_reference: str = pa.Field(
        nullable=True,
        description="Where the method behind the data point is described; null where nothing was delivered.",
    )


class DatasetChanges(pa.DataFrameModel):
    """A dataset that got another name, or was deleted: the uploads that had landed when the file of the change did."""

    action: str = pa.Field(isin=["rename", "delete"], description="What happened to the dataset: rename or delete.")
    dataset: str = pa.Field(description="Name of the dataset before the change.")
    new_name: str = pa.Field(nullable=True, description="Name of the dataset after the change; null if it was deleted.")


TABLES = (
    Table("raw.namespaces", "a namespace as delivered", ("namespace_id",), Namespaces),
    Table(
        "raw.columns",
        "a column of a table, as delivered",
        ("column_id",),
        Columns,
        references=(
            ("namespace_id", "raw.namespaces.namespace_id"),
            ("data_point_id", "raw.datapoints.data_point_id"),
        ),
    ),
    Table("raw.datapoints", "a data point as delivered", ("data_point_id",), Datapoints),
    Table("raw.dataset_changes", "a rename or deletion of a dataset", ("dataset",), DatasetChanges),
)
