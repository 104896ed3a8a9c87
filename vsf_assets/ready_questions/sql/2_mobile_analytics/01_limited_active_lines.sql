-- title: Which lines have activity and a limit?
-- about: `marts.fct_limited_lines` has one row per line and kind of limit. A limit has a date and a kind, and no amount.
-- parameter: limit_type, text, USG: kind of limit; USG is a usage limit
select mtn, activity_events, first_event_date, last_event_date
from marts.fct_limited_lines
where limit_type = $limit_type and has_activity
order by mtn
