{#- There while a run lasts, so that many models read what is computed once. None of them asks which bucket it was,
    and millions of names are a quarter of what writing the rows down takes. -#}
{{ config(materialized='table', schema='restricted', enabled=shipworthy.person_rows() == 'ephemeral') }}

select
    person_key,
    model,
    tool,
    bucket_started_at,
    bucket_hours,
    used_on,
    week_start_on,
    is_automated,
    sessions,
    requests,
    accepted_lines,
    has_tokens,
    has_credits,
    tokens,
    billed_usd,
    list_usd

from {{ ref('shipworthy', 'int_shipworthy__ai_usage_priced') }}
