{{ config(
    meta={
        'dagster': {'ref': {'name': 'dim_lines'}},
        'description': (
            'The versions of a line or account begin at 0001-01-01, follow each other without gap or overlap, and the '
            ~ 'last one alone is current and open. Rows shown: versions that break this.'
        ),
    },
) }}

with

versions as (
    select 'line' as dimension, mtn as member, valid_from, valid_to, is_current from {{ ref('dim_lines') }}
    union all
    select 'account', cust_acct, valid_from, valid_to, is_current from {{ ref('dim_accounts') }}
    union all
    select 'account of a line', mtn, valid_from, valid_to, is_current from {{ ref('int_mobile__line_accounts') }}
),

neighbours as (
    select
        *,
        lag(valid_to, 1, date '0001-01-01') over history as expected_from,
        lead(valid_from) over history is null as is_last
    from versions
    window history as (partition by dimension, member order by valid_from)
)

select dimension, member, valid_from, valid_to, is_current
from neighbours
where
    valid_from != expected_from
    or is_current != is_last
    or (is_last and valid_to != date '9999-12-31')
    or valid_to < valid_from
