-- title: Which active lines are unknown?
-- about: These lines were never delivered in a file of lines. After such a delivery, the next build assigns these
--   events to their line.
select activity.mtn, count(*) as events, min(event_date) as first_event_date, max(event_date) as last_event_date
from marts.fct_activity_events as activity
inner join marts.dim_lines as lines on activity.line_key = lines.line_key
where lines.is_unknown
group by activity.mtn
order by events desc, activity.mtn
