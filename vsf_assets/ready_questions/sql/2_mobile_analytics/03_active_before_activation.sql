-- title: Who was active before the service was activated?
-- about: Unknown lines are not included, because their activation date is unknown.
select activity.mtn, lines.service_activation_date, min(event_at) as first_event_at, count(*) as events
from marts.fct_activity_events as activity
inner join marts.dim_lines as lines on activity.line_key = lines.line_key
where activity.is_before_activation
group by activity.mtn, lines.service_activation_date
order by activity.mtn
