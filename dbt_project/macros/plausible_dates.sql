{# What belongs here: which dates are plausible, and the key of a day for facts. What does not: the findings about others
   (reports/findings) and when a delivery takes effect (ledger.sql). #}

{# First and last date that a delivery can be about (decision 0027). Made-up dates (0001-01-01, 1900-01-01, 9999-12-31) lie outside; a
   closed window, so that the calendar ends. #}
{% macro first_plausible_date() -%} date '1970-01-01' {%- endmacro %}
{% macro last_plausible_date() -%} date '2099-12-31' {%- endmacro %}

{% macro is_plausible_date(day) -%}
    ({{ day }} between {{ first_plausible_date() }} and {{ last_plausible_date() }})
{%- endmacro %}

{# Days by which an event may precede or follow the processing date of its file: settings, which the platform passes. #}
{% macro event_days_before() -%} {{ env_var('VSF_EVENT_DAYS_BEFORE', '400') | int }} {%- endmacro %}
{% macro event_days_after() -%} {{ env_var('VSF_EVENT_DAYS_AFTER', '2') | int }} {%- endmacro %}

{# Whether an event may have happened on a date, by the processing date of its file: one delivered late is plausible. #}
{% macro is_plausible_event(event_date, processing_date) -%}
    (
        {{ is_plausible_date(event_date) }}
        and {{ event_date }} - {{ processing_date }} between -{{ event_days_before() }} and {{ event_days_after() }}
    )
{%- endmacro %}

{# The key of the member of dim_dates that stands for every implausible date. #}
{% macro unknown_date() -%} date '0001-01-01' {%- endmacro %}

{# The key of a fact's day: the day, or the unknown member. #}
{% macro date_key(day, is_plausible) -%}
    case when {{ is_plausible }} then {{ day }} else {{ unknown_date() }} end
{%- endmacro %}

{# Whether a fact's day is plausible, by its key. An event of 0001-01-01 has that day as its key and is not. #}
{% macro has_plausible_day(date_key) -%} {{ date_key }} != {{ unknown_date() }} {%- endmacro %}
