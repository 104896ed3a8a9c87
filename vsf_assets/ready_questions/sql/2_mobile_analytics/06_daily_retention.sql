-- title: How many new lines are back a day, a week, a month later?
-- about: The share of a day's new lines that are active exactly 1, 7 or 30 days later. It is null while that day is
--   after the last delivered processing date. A day without a file inside the range counts as a day without activity.
select event_date, new_lines, retention_1, retention_7, retention_30
from marts.fct_daily_active_lines
where new_lines > 0
order by event_date
