select
    _file_id as file_id,
    _line as line_number,
    schema_name,
    rows,
    seed,
    owner,
    format
from {{ source('raw', 'fake_requests') }}
