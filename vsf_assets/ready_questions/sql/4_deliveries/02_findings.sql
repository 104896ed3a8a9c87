-- title: What is wrong with the data, and how much of it?
select feed, partition_key, anomaly, severity, count(*) as findings, min(reason) as for_example
from reports.anomalies
group by all
order by findings desc, feed, partition_key, anomaly
