select
    _file_id as file_id,
    _line as line_number,
    column_id,
    namespace_id,
    dataset_database_name,
    dataset_table_name,
    dataset_column_name,
    data_point_id,
    dataset_owner_name
from {{ source('raw', 'columns') }}
