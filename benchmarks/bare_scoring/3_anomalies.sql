-- Here: repeated rows and unknown references, a row each, as `reports.anomalies` tells them.

create table bare.anomalies as
with repeats as (
    select
        again.file_id,
        again.line,
        'click_id' as column_name,
        again.click_id as id,
        (again.banner_id, again.campaign_id) = (stands.banner_id, stands.campaign_id) as is_equal,
        stands.file_id as first_file_id,
        stands.line as first_line
    from clicks as again
    inner join clicks as stands using (quarter, click_id)
    where again.is_repeat and stands.first is not null and not stands.is_repeat
    union all
    select
        again.file_id,
        again.line,
        'conversion_id',
        again.conversion_id,
        (again.click_id, again.revenue) = (stands.click_id, stands.revenue),
        stands.file_id,
        stands.line
    from conversions as again
    inner join conversions as stands using (quarter, conversion_id)
    where again.is_repeat and stands.first is not null and not stands.is_repeat
),
findings as (
    select
        repeats.file_id,
        line,
        case when is_equal then 'duplicate_row' else 'duplicate_key' end as anomaly,
        column_name,
        id,
        case when is_equal then 'repeats' else 'differs from' end
        || ' line ' || first_line || ' of ' || file_name || ', which stands' as reason
    from repeats
    inner join files on first_file_id = files.file_id
    union all
    select
        file_id,
        line,
        'unknown_reference',
        'banner_id',
        clicks.banner_id,
        'no impression of this banner for campaign ' || campaign_id || ' in quarter ' || quarter || '; the click counts'
    from clicks
    inner join bare.banner_performance using (quarter, campaign_id, banner_id)
    where not is_repeat and impressions = 0
    union all
    select
        file_id,
        line,
        'unknown_reference',
        'click_id',
        click_id,
        'no such click in quarter ' || quarter || '; the conversion cannot be scored'
    from conversions
    where not is_repeat and banner_id is null
),
structural as (
    select file_id, line_number, anomaly, column_name, raw_value, raw_text, severity, reason
    from raw.findings
)
select feed, partition_key, file_name, line_number, anomaly, column_name, raw_value, raw_text, severity, reason
from (
    select * from structural
    union all
    select file_id, line, anomaly, column_name, cast(id as varchar), null, 'warning', reason from findings
)
inner join files using (file_id);
