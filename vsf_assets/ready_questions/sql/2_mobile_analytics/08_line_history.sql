-- title: What changed for a line over time?
-- about: For an account, use `marts.dim_accounts`.
-- parameter: line, text, 5551000001: number of the line
select device_grouping, sales_channel, service_activation_date, valid_from, valid_to, is_current
from marts.dim_lines
where mtn = $line
order by valid_from
