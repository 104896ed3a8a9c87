select
    _file_id as file_id,
    _line as line_number,
    click_id,
    banner_id,
    campaign_id
from {{ source('raw', 'clicks') }}
