select
    file_id,
    first_snapshot,
    published_at
from {{ source('raw', 'published_files') }}
