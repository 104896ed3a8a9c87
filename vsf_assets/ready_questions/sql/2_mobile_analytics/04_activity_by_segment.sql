-- title: What did which segment, plan and sales channel do, by type of event and day?
-- about: There is `device_grouping` too. You can omit any of these columns; the sums stay correct.
-- parameter: first_day, date, 2019-05-01: first day
-- parameter: last_day, date, 2019-05-31: last day
select event_date, segment_name, service_plan, sales_channel, event_type, sum(events) as events
from marts.fct_activity_summary
where event_date between $first_day and $last_day
group by all
order by all
