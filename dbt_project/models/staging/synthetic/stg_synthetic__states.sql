select
    _file_id as file_id,
    _line as line_number,
    request_id,
    request,
    state,
    reason,
    file_path,
    bytes,
    sha256,
    engine
from {{ source('raw', 'fake_states') }}
