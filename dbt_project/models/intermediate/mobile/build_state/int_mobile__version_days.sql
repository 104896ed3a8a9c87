{% set line_columns = {
    'version_key': 'varchar', 'mtn': 'varchar', 'device_grouping': 'varchar', 'sales_channel': 'varchar',
    'service_activation_date': 'date', 'valid_from': 'date', 'valid_to': 'date', 'is_current': 'boolean',
} %}
{% set account_columns = {
    'version_key': 'varchar', 'cust_acct': 'varchar', 'segment_name': 'varchar', 'service_plan': 'varchar',
    'valid_from': 'date', 'valid_to': 'date', 'is_current': 'boolean',
} %}
{% set line_account_columns = {
    'mtn': 'varchar', 'cust_acct': 'varchar', 'valid_from': 'date', 'valid_to': 'date', 'is_current': 'boolean',
} %}

with

lines as (
    select {{ line_columns | join(', ') }} from {{ ref('int_mobile__line_versions') }}
),

old_lines as (
    {{ previous_build('int_mobile__line_versions', line_columns) }}
),

accounts as (
    select {{ account_columns | join(', ') }} from {{ ref('int_mobile__account_versions') }}
),

old_accounts as (
    {{ previous_build('int_mobile__account_versions', account_columns) }}
),

line_accounts as (
    select {{ line_account_columns | join(', ') }} from {{ ref('int_mobile__line_accounts') }}
),

old_line_accounts as (
    {{ previous_build('int_mobile__line_accounts', line_account_columns) }}
),

changed_accounts as (
    {{ symmetric_difference('accounts', 'old_accounts', ['cust_acct']) }}
),

changed_lines as (
    {{ symmetric_difference('lines', 'old_lines', ['mtn']) }}
    union
    {{ symmetric_difference('line_accounts', 'old_line_accounts', ['mtn']) }}
    union
    select mtn from line_accounts where cust_acct in (select cust_acct from changed_accounts)
),

activity as (
    {{ before_this_build('marts', 'fct_activity_daily', {'mtn': 'varchar', 'event_date': 'date'}) }}
),

-- Only lines that changed are compared, day by day: a version added today leaves earlier days as they are.
line_days as (
    select distinct mtn, event_date from activity where mtn in (select mtn from changed_lines)
),

versions as (
    {{ versions_of('line_days', 'lines', 'line_accounts', 'accounts') }}
),

old_versions as (
    {{ versions_of('line_days', 'old_lines', 'old_line_accounts', 'old_accounts') }}
),

final as (
    {{ symmetric_difference('versions', 'old_versions', ['event_date']) }}
)

select * from final
