-- title: Which share of the delivered rows was held back, week by week?
-- about: By feed and by the Monday of the week in which the files landed. Empty lines and records of types that are not
--   loaded are no rows; files that could not be read, or were delivered before, have none.
-- parameter: since, date, 2019-01-01: first landing day
select
    date_trunc('week', landed_at)::date as week,
    feed,
    count(*) as files,
    sum(rows_loaded + rows_quarantined) as rows,
    sum(rows_quarantined) as rows_held_back,
    round(100.0 * sum(rows_quarantined) / nullif(sum(rows_loaded + rows_quarantined), 0), 2) as percent_held_back
from reports.files
where landed_at >= $since
group by all
order by week, feed
