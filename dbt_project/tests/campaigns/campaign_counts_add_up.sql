{{ config(
    meta={
        'dagster': {'ref': {'name': 'fct_banner_performance'}},
        'description': (
            'Per quarter the impressions, clicks and conversions of all banners are the rows delivered less the '
            ~ 'repeated ones and less conversions of unknown clicks. Rows shown: feeds and quarters that differ.'
        ),
    },
) }}

with

files as (
    select
        feed,
        cast(partition_key as integer) as quarter,
        rows_loaded
    from {{ ref('int_ledger__files') }}
    where feed in ('impressions', 'clicks', 'conversions') and status = 'loaded'
),

stacked as (
    select feed, quarter, rows_loaded as delivered, 0 as counted from files

    union all

    select 'clicks', quarter, -1, 0 from {{ ref('int_campaigns__repeated_clicks') }}

    union all

    select 'conversions', quarter, -1, 0 from {{ ref('int_campaigns__repeated_conversions') }}

    union all

    select 'conversions', quarter, -1, 0 from {{ ref('int_campaigns__accepted_conversions') }} where banner_id is null

    union all

    select 'impressions', quarter, 0, impressions from {{ ref('fct_banner_performance') }}

    union all

    select 'clicks', quarter, 0, clicks from {{ ref('fct_banner_performance') }}

    union all

    select 'conversions', quarter, 0, conversions from {{ ref('fct_banner_performance') }}
),

final as (
    select feed, quarter, sum(delivered) as accepted, sum(counted) as counted
    from stacked
    group by feed, quarter
)

select * from final
where accepted != counted
