{#- There while a run lasts, so that many models read what is computed once. -#}
{{ config(materialized='table', schema='restricted', enabled=shipworthy.person_rows() == 'ephemeral') }}

select * from {{ ref('shipworthy', 'int_shipworthy__ai_spend_by_person') }} -- noqa: AM04
