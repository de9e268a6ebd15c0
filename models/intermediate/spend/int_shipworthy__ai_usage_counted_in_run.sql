{#- There while a run lasts, so that many models read what is computed once. -#}
{{ config(materialized='table', schema='restricted', enabled=shipworthy.person_rows() == 'ephemeral') }}

select
    usage_id,
    source,
    known_person_key,
    tool,
    model,
    bucket_started_at,
    bucket_hours,
    sessions,
    requests,
    uncached_input_tokens,
    cache_read_tokens,
    cache_write_tokens,
    output_tokens,
    billed_usd,
    credits,
    accepted_lines,
    is_automated,
    used_on,
    model_family,
    is_counted

from {{ ref('shipworthy', 'int_shipworthy__ai_usage_counted') }}
