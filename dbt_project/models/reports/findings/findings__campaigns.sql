with

files as (
    select * from {{ ref('int_ledger__files') }}
),

clicks as (
    select * from {{ ref('int_campaigns__accepted_clicks') }}
),

conversions as (
    select * from {{ ref('int_campaigns__accepted_conversions') }}
),

-- The few pairs nobody saw are known from the mart, so the many clicks are only searched for those.
unseen_pairs as (
    select quarter, campaign_id, banner_id from {{ ref('fct_banner_performance') }} where impressions = 0
),

repeated as (
    select *, 'click_id' as column_name, click_id as id from {{ ref('int_campaigns__repeated_clicks') }}
    union all
    select *, 'conversion_id', conversion_id from {{ ref('int_campaigns__repeated_conversions') }}
),

findings as (
    select
        repeated.file_id,
        repeated.line_number,
        repeated.anomaly,
        repeated.column_name,
        repeated.id as raw_value,
        case repeated.anomaly when 'duplicate_row' then 'repeats' else 'differs from' end
        || ' line ' || repeated.first_line_number || ' of ' || files.file_name || ', which stands' as reason
    from repeated
    inner join files on repeated.first_file_id = files.file_id

    union all

    select
        clicks.file_id,
        clicks.line_number,
        'unknown_reference',
        'banner_id',
        clicks.banner_id,
        'no impression of this banner for campaign ' || clicks.campaign_id
        || ' in quarter ' || clicks.quarter || '; the click counts'
    from clicks
    inner join unseen_pairs using (quarter, campaign_id, banner_id)

    union all

    select
        file_id,
        line_number,
        'unknown_reference',
        'click_id',
        click_id,
        'no such click in quarter ' || quarter || '; the conversion cannot be scored'
    from conversions
    where banner_id is null
),

final as (
    select
        file_id,
        line_number,
        anomaly,
        column_name,
        cast(raw_value as varchar) as raw_value,
        cast(null as varchar) as raw_text,
        'warning' as severity,
        reason
    from findings
)

select * from final
