select
    _file_id as file_id,
    _line as line_number,
    conversion_id,
    click_id,
    revenue
from {{ source('raw', 'conversions') }}
