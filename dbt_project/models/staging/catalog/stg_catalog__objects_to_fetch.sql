select
    _file_id as file_id,
    _line as line_number,
    position,
    name as object_name,
    state,
    list_sha256
from {{ source('raw', 'catalog_looks') }}
