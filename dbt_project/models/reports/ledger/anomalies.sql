{# The parts are the models findings__*; `make generated` writes the list of them (macros/finding_parts.sql). #}
{% set parts = finding_parts() | selectattr('is_about_a_file') | list %}
{# Findings about events are kept but for the days that are made again; all others are made anew by each build. #}
{{ config(
    materialized='incremental',
    incremental_strategy='affected_days',
    meta={'days': 'int_mobile__affected_days', 'also_without_day': true},
) }}

{# What was not delivered has no file: these parts name feed, partition and file themselves. #}
{% set other_parts = finding_parts() | rejectattr('is_about_a_file') | list %}

with

files as (
    select * from {{ ref('int_ledger__deliveries') }}
),

findings as (
    {% for part in parts %}
    select
        file_id, line_number, anomaly, column_name, raw_value, raw_text, severity, reason,
        {{ 'records, unlisted_records' if part.has_counts else '1 as records, 0 as unlisted_records' }},
        {{ 'event_date' if part.has_days else 'cast(null as date) as event_date' }}
    from {{ ref(part.model) }}
    {%- if part.has_days %}
    where event_date is null or event_date in (select event_date from {{ ref('int_mobile__affected_days') }})
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        files.feed,
        files.partition_key,
        files.file_name,
        findings.line_number,
        findings.anomaly,
        findings.column_name,
        findings.raw_value,
        findings.raw_text,
        findings.severity,
        findings.reason,
        files.landed_at,
        cast(findings.records as bigint) as records,
        cast(findings.unlisted_records as bigint) as unlisted_records,
        findings.event_date
    from findings
    inner join files on findings.file_id = files.file_id
    {% for part in other_parts %}
    union all

    select
        feed,
        partition_key,
        file_name,
        cast(null as bigint) as line_number,
        anomaly,
        cast(null as varchar) as column_name,
        raw_value,
        cast(null as varchar) as raw_text,
        severity,
        reason,
        cast(null as timestamp) as landed_at,
        cast(1 as bigint) as records,
        cast(0 as bigint) as unlisted_records,
        cast(null as date) as event_date
    from {{ ref(part.model) }}
    {% endfor %}
)

select * from final
