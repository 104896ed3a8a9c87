{{ config(materialized='ephemeral') }}

{{ delivered_states('lines', {
    'MTN': 'mtn', 'DEVICE_GROUPING': 'device_grouping', 'SALES_CHANNEL': 'sales_channel',
    'SVC_ACT_DT': 'service_activation_date',
}) }}
