{{ config(materialized='ephemeral') }}

{{ delivered_states('accounts', {'CUST_ACCT': 'cust_acct', 'SEGMENT_NAME': 'segment_name', 'SVC_PLAN': 'service_plan'}) }}
