select
    _file_id as file_id,
    _line as line_number,
    CUST_ACCT as cust_acct,
    SEGMENT_NAME as segment_name,
    SVC_PLAN as service_plan
from {{ source('raw', 'accounts') }}
