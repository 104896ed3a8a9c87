{# What belongs here: what differs between the last finished build and now. What does not: reading what that build left
   (previous_build.sql). #}

{# What `new` has and `old` has not, and the other way round: some columns of it, each value once. #}
{% macro symmetric_difference(new, old, columns) -%}
    select {{ columns | join(', ') }} from (select * from {{ new }} except select * from {{ old }}) as gained
    union
    select {{ columns | join(', ') }} from (select * from {{ old }} except select * from {{ new }}) as lost
{%- endmacro %}

{# A row per (mtn, event_date) of `line_days` with everything that facts and summaries take from line and account. #}
{% macro versions_of(line_days, lines, line_accounts, accounts) -%}
    select
        line_days.mtn,
        line_days.event_date,
        lines.version_key as line_key,
        lines.device_grouping,
        lines.sales_channel,
        lines.service_activation_date,
        accounts.version_key as account_key,
        accounts.segment_name,
        accounts.service_plan
    from {{ line_days }} as line_days
    left join {{ lines }} as lines
        on line_days.mtn = lines.mtn and {{ is_valid_at('lines', 'line_days.event_date') }}
    left join {{ line_accounts }} as line_accounts
        on line_days.mtn = line_accounts.mtn and {{ is_valid_at('line_accounts', 'line_days.event_date') }}
    left join {{ accounts }} as accounts
        on line_accounts.cust_acct = accounts.cust_acct and {{ is_valid_at('accounts', 'line_days.event_date') }}
{%- endmacro %}
