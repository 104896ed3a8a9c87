with

files as (
    select * from {{ ref('int_ledger__files') }}
),

names as (
    select * from {{ ref('int_datasets__upload_names') }}
),

final as (
    select files.* replace (coalesce(names.dataset, files.partition_key) as partition_key)
    from files
    left join names on files.file_id = names.file_id
    where names.file_id is null or names.dataset is not null
)

select * from final
