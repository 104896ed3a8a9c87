-- title: Which types of records are not loaded?
select partition_key as profile, record_type, sum(records) as records, count(distinct file_name) as objects
from reports.skipped_types
group by all
order by records desc
