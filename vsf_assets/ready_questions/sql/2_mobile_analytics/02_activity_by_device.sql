-- title: How much activity is there on lines with a kind of device, day by day?
-- parameter: device, text, ANDROID: grouping of the line's device
select daily.event_date, sum(daily.events) as events, count(*) as active_lines
from marts.fct_activity_daily as daily
inner join marts.dim_lines as lines on daily.line_key = lines.line_key
where lines.device_grouping = $device
group by daily.event_date
order by daily.event_date
