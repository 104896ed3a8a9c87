select
    _file_id as file_id,
    _line as line_number,
    MTN as mtn,
    CUST_ACCT as cust_acct,
    LIMITING_DT as limiting_date,
    LIMIT_TYPE as limit_type
from {{ source('raw', 'limits') }}
