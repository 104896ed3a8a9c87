-- title: On which days did unusually many or few events arrive?
-- about: By processing date, compared with the same weekday of the eight weeks before. A day without any file is not
--   in this table; it is a `missing_partition` in `reports.anomalies`.
select processing_date, expected, observed, round(score, 1) as score, compared_days
from reports.volume_anomalies
order by processing_date
