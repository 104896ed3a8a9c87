with

versions as (
    select * from {{ ref('int_mobile__account_versions') }}
),

final as (
    select
        version_key as account_key,
        cust_acct,
        segment_name,
        service_plan,
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
        date '0001-01-01',
        date '9999-12-31',
        true,
        true
)

select * from final
order by cust_acct, valid_from
