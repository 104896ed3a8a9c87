-- title: How many lines are active each day, and how many for the first time?
select event_date, active_lines, new_lines
from marts.fct_daily_active_lines
order by event_date
