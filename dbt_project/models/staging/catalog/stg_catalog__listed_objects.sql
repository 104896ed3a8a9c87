select
    _file_id as file_id,
    _line as line_number,
    position,
    object_name
from {{ source('raw', 'catalog_list') }}
