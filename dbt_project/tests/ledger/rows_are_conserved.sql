{{ config(
    meta={
        'dagster': {'ref': {'name': 'files'}},
        'description': (
            'Every record read is loaded, quarantined, blank or skipped, file by file; a file that was not loaded has '
            ~ '0 in all counts. Rows shown: files whose counts do not add up.'
        ),
    },
) }}

select
    feed,
    partition_key,
    file_name,
    status,
    lines_read,
    rows_loaded,
    rows_quarantined,
    rows_blank,
    rows_skipped
from {{ ref('files') }}
where
    coalesce(lines_read != rows_loaded + rows_quarantined + rows_blank + rows_skipped, true)
    or least(rows_loaded, rows_quarantined, rows_blank, rows_skipped) < 0
    or (status != 'loaded' and lines_read != 0)
