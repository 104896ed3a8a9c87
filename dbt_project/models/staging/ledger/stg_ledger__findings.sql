select
    file_id,
    line_number,
    anomaly,
    column_name,
    raw_value,
    raw_text,
    severity,
    reason,
    is_quarantined,
    records,
    unlisted_records
from {{ source('raw', 'findings') }}
