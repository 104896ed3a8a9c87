with recursive

files as (
    select * from {{ ref('stg_ledger__files') }}
),

changes as (
    select
        changes.action,
        changes.dataset,
        changes.new_name,
        files.landed_at,
        row_number() over (order by files.landed_at, files.file_name, files.file_id, changes.line_number) as place
    from {{ ref('stg_datasets__changes') }} as changes
    inner join files on changes.file_id = files.file_id
),

-- Each change applies to what had landed by then, under the name that it had by then; a deleted upload has none.
named as (
    select file_id, landed_at, partition_key as dataset, cast(0 as bigint) as place
    from files
    where feed = 'datasets'

    union all

    select
        named.file_id,
        named.landed_at,
        case
            when named.dataset is distinct from changes.dataset or named.landed_at > changes.landed_at then named.dataset
            when changes.action = 'rename' then changes.new_name
        end,
        changes.place
    from named
    inner join changes on changes.place = named.place + 1
),

final as (
    select file_id, dataset
    from named
    where place = (select count(*) from changes)
)

select * from final
