{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_ledger__files'}},
        'description': (
            'Of equal contents in a feed and partition the one that landed first is loaded, in whatever order they '
            ~ 'were ingested. Rows shown: duplicate files without a loaded one that landed before them. If it fails, '
            ~ 'run vsf rebuild.'
        ),
    },
) }}

with

files as (
    select * from {{ ref('int_ledger__files') }}
),

loaded as (
    select feed, partition_key, sha256, min(landing_position) as first_position
    from files
    where status = 'loaded'
    group by feed, partition_key, sha256
)

select
    files.feed,
    files.partition_key,
    files.file_name,
    files.landed_at,
    files.landing_position,
    loaded.first_position
from files
left join loaded
    on
        files.feed = loaded.feed
        and files.partition_key is not distinct from loaded.partition_key
        and files.sha256 = loaded.sha256
where files.status = 'duplicate_file' and coalesce(files.landing_position < loaded.first_position, true)
