select
    _file_id as file_id,
    _line as line_number,
    artist_name,
    title,
    year,
    release
from {{ source('raw', 'songs') }}
