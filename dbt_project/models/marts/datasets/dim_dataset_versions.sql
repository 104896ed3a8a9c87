with

versions as (
    select * from {{ ref('int_datasets__uploads') }} where not is_repeat
),

files as (
    select * from {{ ref('int_datasets__version_files') }}
),

-- Counted by file before the join with the versions: a finding is about a file, and many files are of no dataset.
findings as (
    select file_id, count(*) as findings
    from (
        select file_id from {{ ref('stg_ledger__findings') }}
        union all
        select file_id from {{ ref('int_datasets__findings') }}
    ) as found
    group by file_id
),

by_version as (
    select files.dataset, files.version, sum(findings.findings) as findings
    from files
    inner join findings on files.file_id = findings.file_id
    group by files.dataset, files.version
),

final as (
    select
        versions.dataset,
        versions.version,
        versions.landed_at as uploaded_at,
        versions.is_complete,
        versions.is_current,
        -- Each file that did not come is a finding too.
        cast(
            coalesce(by_version.findings, 0)
            + case when versions.has_namespaces then 0 else 1 end
            + case when versions.has_columns then 0 else 1 end
            + case when versions.has_datapoints then 0 else 1 end
            as bigint
        ) as findings
    from versions
    left join by_version on versions.dataset = by_version.dataset and versions.version = by_version.version
)

select * from final
order by dataset, version
