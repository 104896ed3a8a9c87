select
    _file_id as file_id,
    _line as line_number,
    original_title,
    original_language,
    budget,
    is_adult,
    release_date
from {{ source('raw', 'movies') }}
