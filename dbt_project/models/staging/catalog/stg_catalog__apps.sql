select
    _file_id as file_id,
    _line as line_number,
    name,
    genre,
    rating,
    version,
    size_bytes
from {{ source('raw', 'apps') }}
