select
    _file_id as file_id,
    _line as line_number,
    action,
    dataset,
    new_name
from {{ source('raw', 'dataset_changes') }}
