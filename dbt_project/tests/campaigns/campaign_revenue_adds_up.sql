{{ config(
    meta={
        'dagster': {'ref': {'name': 'fct_banner_performance'}},
        'description': (
            'Per quarter the revenue of all banners is that of the accepted conversions with a known click, to the '
            ~ 'last decimal. Rows shown: quarters that differ.'
        ),
    },
) }}

with

stacked as (
    select quarter, revenue as earned, 0 as counted
    from {{ ref('int_campaigns__accepted_conversions') }}
    where banner_id is not null

    union all

    select quarter, 0, revenue
    from {{ ref('fct_banner_performance') }}
),

final as (
    select quarter, sum(earned) as earned, sum(counted) as counted
    from stacked
    group by quarter
)

select * from final
where earned != counted
