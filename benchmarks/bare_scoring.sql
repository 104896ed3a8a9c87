-- Scoring as one would write it by hand on the raw tables, without dbt: repeated ids are settled in landing
-- order, references looked up, the four rules applied. What belongs here: one statement after the other with
-- the outcome of the models, `bare.banner_performance`, `bare.campaign_scores`, `bare.anomalies`. What does
-- not: layers, tests, and cleverness that a reader would have to take on trust.

create schema bare;

create temp table files as
select
    file_id,
    feed,
    partition_key,
    file_name,
    cast(partition_key as integer) as quarter,
    row_number() over (order by landed_at, file_name, sha256) as position
from raw.files
where status = 'loaded';

-- Ids that came more than once, with the row that came first. A window over all rows costs twice as much.
create temp table repeated_clicks as
select
    quarter,
    click_id,
    min({'position': position, 'line': _line}) as first
from raw.clicks
inner join files on _file_id = file_id
group by quarter, click_id
having count(*) > 1;

create temp table clicks as
select
    file_id,
    _line as line,
    quarter,
    click_id,
    banner_id,
    campaign_id,
    first,
    first is not null and first != {'position': position, 'line': _line} as is_repeat
from raw.clicks
inner join files on _file_id = file_id
left join repeated_clicks using (quarter, click_id);

create temp table repeated_conversions as
select
    quarter,
    conversion_id,
    min({'position': position, 'line': _line}) as first
from raw.conversions
inner join files on _file_id = file_id
group by quarter, conversion_id
having count(*) > 1;

create temp table conversions as
select
    arrived.file_id,
    arrived._line as line,
    arrived.quarter,
    arrived.conversion_id,
    arrived.click_id,
    arrived.revenue,
    repeated_conversions.first,
    repeated_conversions.first is not null and repeated_conversions.first != {'position': position, 'line': _line} as is_repeat,
    clicks.banner_id,
    clicks.campaign_id
from (select * from raw.conversions inner join files on _file_id = file_id) as arrived
left join repeated_conversions using (quarter, conversion_id)
left join clicks
    on arrived.quarter = clicks.quarter and arrived.click_id = clicks.click_id and not clicks.is_repeat;

create table bare.banner_performance as
with sums as (
    select quarter, campaign_id, banner_id, count(*) as impressions, 0 as clicks, 0 as conversions, 0 as revenue
    from raw.impressions
    inner join files on _file_id = file_id
    group by all
    union all
    select quarter, campaign_id, banner_id, 0, count(*), 0, 0
    from clicks
    where not is_repeat
    group by all
    union all
    select quarter, campaign_id, banner_id, 0, 0, count(*), sum(revenue)
    from conversions
    where not is_repeat and banner_id is not null
    group by all
)
select
    campaign_id,
    quarter,
    banner_id,
    cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(conversions) as bigint) as conversions,
    cast(sum(revenue) as decimal(18, 6)) as revenue
from sums
group by campaign_id, quarter, banner_id;

create table bare.campaign_scores as
with candidates as (
    select
        *,
        case when conversions > 0 then 'top_revenue' when clicks > 0 then 'most_clicked' else 'random' end as rule,
        count(*) filter (where conversions > 0) over (partition by campaign_id, quarter) as converting
    from bare.banner_performance
),
ranked as (
    select
        *,
        row_number() over (
            partition by campaign_id, quarter
            order by
                conversions > 0 desc,
                clicks > 0 desc,
                revenue desc,
                conversions desc,
                clicks desc,
                case when rule = 'random' then md5(concat_ws('|', $seed, quarter, campaign_id, banner_id)) end,
                banner_id
        ) as rank
    from candidates
)
select campaign_id, quarter, rank, banner_id, revenue, conversions, clicks, rule
from ranked
where rank <= case when converting >= 10 then 10 when converting >= 5 then converting else 5 end
order by campaign_id, quarter, rank;

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
