{{ config(
    meta={
        'dagster': {'ref': {'name': 'int_ledger__files'}},
        'description': (
            'Every quarantined row is kept with at least one finding, or counted by one, file by file. Rows shown: '
            ~ 'files whose quarantined rows are not as many as their lines with findings and the counted ones, and '
            ~ 'findings of no file.'
        ),
    },
) }}

with

files as (
    select * from {{ ref('int_ledger__files') }}
),

quarantined as (
    -- Beyond a limit one finding of a kind and column counts the records that have no finding of their own.
    select file_id, count(distinct line_number) + cast(coalesce(sum(unlisted_records), 0) as bigint) as rows_found
    from {{ source('raw', 'findings') }}
    where is_quarantined
    group by file_id
),

final as (
    select
        files.feed,
        files.partition_key,
        files.file_name,
        coalesce(files.rows_quarantined, 0) as rows_quarantined,
        coalesce(quarantined.rows_found, 0) as rows_found,
        quarantined.file_id
    from files
    full outer join quarantined on files.file_id = quarantined.file_id
)

select * from final
where rows_quarantined != rows_found
