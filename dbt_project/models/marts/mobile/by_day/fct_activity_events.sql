with

events as (
    select * from {{ ref('int_mobile__events_of_affected_days') }} where mdn is not null
),

lines as (
    select * from {{ ref('dim_lines') }} where not is_unknown
),

line_accounts as (
    select * from {{ ref('int_mobile__line_accounts') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }} where not is_unknown
),

final as (
    select
        events.uuid as event_uuid,
        events.mdn as mtn,
        coalesce(lines.line_key, {{ unknown_key() }}) as line_key,
        coalesce(accounts.account_key, {{ unknown_key() }}) as account_key,
        {{ surrogate_key(['events.event_type']) }} as event_type_key,
        events.event_time as event_at,
        events.event_date,
        events.date_key,
        events.processing_date,
        -- Nothing is before or after a date that cannot be.
        coalesce(
            {{ has_plausible_day('events.date_key') }}
            and events.event_date < lines.service_activation_date
            and {{ is_plausible_date('lines.service_activation_date') }},
            false
        ) as is_before_activation,
        events.event_id,
        events.session_id,
        events.app,
        events.version_name as app_version,
        events.platform,
        events.os_name,
        events.os_version,
        events.device_family,
        events.device_type,
        events.device_carrier,
        events.language,
        events.country,
        events.region,
        events.city
    from events
    left join lines on events.mdn = lines.mtn and {{ is_valid_at('lines', 'events.event_date') }}
    left join line_accounts on events.mdn = line_accounts.mtn and {{ is_valid_at('line_accounts', 'events.event_date') }}
    left join accounts
        on line_accounts.cust_acct = accounts.cust_acct and {{ is_valid_at('accounts', 'events.event_date') }}
)

select * from final
