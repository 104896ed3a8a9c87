with

versions as (
    select * from {{ ref('int_mobile__line_versions') }}
),

final as (
    select
        version_key as line_key,
        mtn,
        device_grouping,
        sales_channel,
        service_activation_date,
        valid_from,
        valid_to,
        is_current,
        false as is_unknown
    from versions

    union all

    select
        {{ unknown_key() }},
        'unknown',
        'unknown',
        'unknown',
        cast(null as date),
        date '0001-01-01',
        date '9999-12-31',
        true,
        true
)

select * from final
order by mtn, valid_from
