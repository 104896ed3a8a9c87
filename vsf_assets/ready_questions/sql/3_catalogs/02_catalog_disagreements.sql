-- title: On which entries do objects disagree?
-- about: `raw_value` and the reason have the two values.
select file_name, line_number, column_name, raw_value, reason
from reports.anomalies
where feed = 'catalog' and anomaly = 'duplicate_key'
order by file_name, line_number, column_name
