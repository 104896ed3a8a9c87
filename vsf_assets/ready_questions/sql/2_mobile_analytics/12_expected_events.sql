-- title: How many events were to be expected on each day?
-- about: The same for every delivered day, with the band of usual volumes.
select processing_date, observed, expected, lower_bound, upper_bound, is_unusual
from reports.daily_volumes
order by processing_date
