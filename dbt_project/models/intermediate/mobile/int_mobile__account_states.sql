{{ config(materialized='ephemeral') }}

{{ delivered_states('accounts', ref('stg_mobile__accounts')) }}
