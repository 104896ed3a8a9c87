"""Two made-up datasets: a small dictionary with every anomaly that a row can have, and an upload that is not whole.

Here: their files, a pure function without chance: what is wrong with them is written out. Not here: where they are
put (cli/demo.py).
"""

_NAMESPACES = "namespace_id,namespace_option_name,namespace_option_standard_name"
_COLUMNS = (
    "column_id,namespace_id,dataset_database_name,dataset_table_name,dataset_column_name,data_point_id,"
    "dataset_owner_name"
)
_DATAPOINTS = (
    "data_point_id,data_point_name,data_point_standard_name,approved_abreviations,data_point_definition,"
    "applicable_data_universes,applicable_domicile,data_type,data_point_possible_values,is_derived,"
    "methodology_reference"
)
FUNDS, HALF = "demo_funds", "demo_half_uploaded"
"""The two datasets."""

_LINES = {
    f"{FUNDS}/namespaces.csv": [
        _NAMESPACES,
        "ns-1,Mutual Fund,mutual_fund",
        "ns-2;Closed-End Fund;closed_end_fund",
        "ns-3,Pension",  # missing_fields
        "ns-4,,insurance",  # missing_value
        "ns-1,Mutual Fund,mutual_fund",  # duplicate_row
    ],
    f"{FUNDS}/columns.csv": [
        _COLUMNS,
        "c-1,ns-1,funds__stg,share_class,fund_id,dp-1,Fund Data",
        "c-2,ns-1,funds__stg,share_class,fund_id,dp-2,Fund Data",
        "c-3,ns-1,funds__stg,share_class,inception_date,dp-3,Fund Data",
        "c-4,ns-2,funds__ops,fund,legal_name,dp-2,Fund Data",
        "c-4,ns-2,funds__ops,fund,full_name,dp-2,Fund Data",  # duplicate_key
        "c-5,ns-9,funds__ops,fund,legal_name,dp-2,Fund Data",  # unknown_reference: namespace
        "c-6,ns-2,funds__ops,fund,legal_name,dp-404,Fund Data",  # unknown_reference: data point
        "c-7,ns-3,funds__ops,fund,name, short,dp-2,Fund Data",  # extra_fields
        'c-8,ns-3,funds__ops,"fund,name,dp-2,Fund Data',  # unbalanced_quote
        "",
    ],
    f"{FUNDS}/datapoints.csv": [
        _DATAPOINTS,
        "dp-1,Fund Id,fund_id,fid|f_id,Identifies a fund,Open-End|ETF,Global|US,Text,,FALSE,",
        'dp-2,Fund Name,fund_name,fn,"The legal name\nof a fund",Open-End,Global,Text,,FALSE,prospectus',
        "dp-3,Inception Date,inception_date,incp,=TODAY(),,Global,Date,,maybe,",  # invalid_value
        "dp-4,Soci\udce9t\udce9,societe,,Who runs the fund,,FR,Text,,TRUE,",  # invalid_encoding
    ],
    f"{HALF}/namespaces.csv": [_NAMESPACES],  # empty_file
    f"{HALF}/columns.csv": ["id,name", "c-1,a"],  # unknown_header; datapoints.csv is a missing_file
}


def dataset_files() -> dict[str, bytes]:
    """Return path in the landing zone -> content."""
    return {
        f"datasets/{path}": "\n".join([*lines, ""]).encode("utf-8", "surrogateescape") for path, lines in _LINES.items()
    }
