with

newest as (
    select * from {{ ref('int_catalog__object_states') }} where is_newest and is_listed
),

final as (
    select
        'catalog' as feed,
        profile as partition_key,
        object_name as file_name,
        'vanished' as anomaly,
        cast(null as varchar) as raw_value,
        'warning' as severity,
        'listed in place ' || position || ', but not found at ' || cast(scanned_at as varchar)
        || '; its records stay' as reason
    from newest
    where state is null and file_id is null

    union all

    select
        'catalog',
        profile,
        object_name,
        'missing_file',
        state,
        'warning',
        'due since ' || cast(scanned_at as varchar) || ' and not fetched yet; the next run tries again'
    from newest
    where state is not null and file_id is null
)

select * from final
