"""Contracts of the dataset family: namespaces, columns and data points of metadata dictionaries.

Here: fields and rules that a row can break by itself. All values are text. The reading is tolerant
(feeds/by_family/datasets.py): a row with its key is stored whatever else it breaks, with a warning, so a required
field may still be empty in the stored table. Keys and references to keys are stored trimmed, since they are compared
so. Not here: repeated keys and references; dbt settles those.
"""

import pandera.polars as pa

from vsf_assets.contracts.table import TRIMMED, Table


class Namespaces(pa.DataFrameModel):
    """A namespace of a dataset."""

    namespace_id: str = pa.Field(description="identifies the namespace within its dataset")
    namespace_option_name: str = pa.Field(description="name that people choose it by")
    namespace_option_standard_name: str = pa.Field(nullable=True, description="its name in standard spelling")


class Columns(pa.DataFrameModel):
    """A column of a table of a database, and a data point it stands for."""

    column_id: str = pa.Field(description="identifies the row within its dataset")
    namespace_id: str = pa.Field(metadata={TRIMMED: True}, description="namespace it belongs to")
    dataset_database_name: str = pa.Field(description="database")
    dataset_table_name: str = pa.Field(description="table in the database")
    dataset_column_name: str = pa.Field(description="column in the table; may stand for several data points")
    data_point_id: str = pa.Field(metadata={TRIMMED: True}, description="data point the column stands for")
    dataset_owner_name: str = pa.Field(nullable=True, description="who owns the dataset")


class Datapoints(pa.DataFrameModel):
    """A data point of a dataset."""

    data_point_id: str = pa.Field(description="identifies the data point within its dataset")
    data_point_name: str = pa.Field(description="its name")
    data_point_standard_name: str = pa.Field(nullable=True, description="its name in standard spelling")
    approved_abreviations: str = pa.Field(nullable=True, description="approved abbreviations, joined by |")
    data_point_definition: str = pa.Field(nullable=True, description="what it means")
    applicable_data_universes: str = pa.Field(nullable=True, description="data universes it is used in, joined by |")
    applicable_domicile: str = pa.Field(nullable=True, description="domiciles it is used for, joined by |")
    data_type: str = pa.Field(nullable=True, description="type of its values")
    data_point_possible_values: str = pa.Field(nullable=True, description="values it may have, joined by |")
    is_derived: str = pa.Field(nullable=True, isin=["TRUE", "FALSE"], description="TRUE if it is derived, else FALSE")
    methodology_reference: str = pa.Field(nullable=True, description="where its method is described")


class DatasetChanges(pa.DataFrameModel):
    """A dataset that got another name, or was deleted: the uploads that had landed by then."""

    action: str = pa.Field(isin=["rename", "delete"], description="rename or delete")
    dataset: str = pa.Field(description="its name until then")
    new_name: str = pa.Field(nullable=True, description="its name from then on; null if it was deleted")


TABLES = (
    Table("raw.namespaces", "a namespace as delivered", ("namespace_id",), Namespaces),
    Table("raw.columns", "a column of a table, as delivered", ("column_id",), Columns),
    Table("raw.datapoints", "a data point as delivered", ("data_point_id",), Datapoints),
    Table("raw.dataset_changes", "a rename or deletion of a dataset", ("dataset",), DatasetChanges),
)
