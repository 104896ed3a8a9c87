{# Adding a family: write models/reports/findings/findings__<family>.sql and name it here. #}
{% set parts = ['findings__ledger', 'findings__campaigns'] %}

with

files as (
    select * from {{ ref('stg_ledger__files') }}
),

findings as (
    {% for part in parts %}
    select file_id, line_number, anomaly, column_name, raw_value, raw_text, severity, reason
    from {{ ref(part) }}
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
        findings.reason
    from findings
    inner join files on findings.file_id = files.file_id
)

select * from final
