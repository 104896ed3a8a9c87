select
    _file_id as file_id,
    _line as line_number,
    MTN as mtn,
    DEVICE_GROUPING as device_grouping,
    SALES_CHANNEL as sales_channel,
    SVC_ACT_DT as service_activation_date
from {{ source('raw', 'lines') }}
