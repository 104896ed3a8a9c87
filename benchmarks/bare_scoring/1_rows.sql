-- Scoring as one would write it by hand on the raw tables, without dbt, in three files that run one after the other.
-- What belongs in all of them: one statement after the other with the outcome of the models. What does not: layers,
-- tests, and cleverness that a reader would have to take on trust. Here: repeated ids are settled in landing order, and
-- references looked up.

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
