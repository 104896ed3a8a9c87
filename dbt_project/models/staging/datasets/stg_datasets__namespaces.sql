select
    _file_id as file_id,
    _line as line_number,
    namespace_id,
    namespace_option_name,
    namespace_option_standard_name
from {{ source('raw', 'namespaces') }}
