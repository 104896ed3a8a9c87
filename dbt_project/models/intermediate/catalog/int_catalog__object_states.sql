with

files as (
    select * from {{ ref('int_ledger__files') }}
    where feed in ('catalog', 'catalog_looks', 'catalog_list') and partition_key is not null
),

scans as (
    select
        files.partition_key as profile,
        scans.object_name,
        files.landed_at as scanned_at,
        min(scans.position) as position,
        max(scans.state) as state
    from {{ ref('stg_catalog__objects_to_fetch') }} as scans
    inner join files on scans.file_id = files.file_id
    group by files.partition_key, scans.object_name, files.landed_at
),

objects as (
    select
        partition_key as profile,
        {{ object_name('file_name') }} as object_name,
        landed_at as scanned_at,
        file_id,
        file_name,
        sha256,
        status,
        loaded_at
    from files
    where feed = 'catalog'
),

newest_lists as (
    select partition_key as profile, file_id
    from files
    where feed = 'catalog_list' and status = 'loaded'
    qualify row_number() over (partition by partition_key order by landing_position desc) = 1
),

listed as (
    select distinct newest_lists.profile, list.object_name
    from {{ ref('stg_catalog__listed_objects') }} as list
    inner join newest_lists on list.file_id = newest_lists.file_id
),

states as (
    select *
    from scans
    full outer join objects using (profile, object_name, scanned_at)
),

final as (
    select
        states.*,
        row_number() over (
            order by scanned_at, position nulls last, states.profile, states.object_name, sha256
        ) as arrival,
        -- Directly after an equal one; a state in between counts also where it was never fetched, or gone.
        coalesce(status = 'loaded' and sha256 = lag(sha256) over in_order and lag(status) over in_order = 'loaded', false)
            as is_repeated,
        lag(scanned_at) over in_order as earlier_scanned_at,
        lead(scanned_at) over in_order is null as is_newest,
        listed.object_name is not null as is_listed
    from states
    left join listed on states.profile = listed.profile and states.object_name = listed.object_name
    window in_order as (partition by states.profile, states.object_name order by scanned_at, sha256)
)

select * from final
