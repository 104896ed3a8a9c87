select
    _file_id as file_id,
    _line as line_number,
    record_type,
    records
from {{ source('raw', 'skipped_types') }}
