-- title: Did everything arrive?
-- about: Files and rows per feed and partition (a quarter, a processing date, or the profile of a catalog's source).
select
    feed,
    partition_key,
    count(*) as files,
    count(*) filter (status = 'loaded') as loaded,
    sum(lines_read) as lines_read,
    sum(rows_loaded) as rows_loaded,
    sum(rows_quarantined) as rows_quarantined
from reports.files
group by all
order by all
