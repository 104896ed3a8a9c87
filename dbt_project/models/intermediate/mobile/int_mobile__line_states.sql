{{ config(materialized='ephemeral') }}

{{ delivered_states('lines', ref('stg_mobile__lines')) }}
