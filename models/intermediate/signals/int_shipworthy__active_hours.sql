{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

priced as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_usage_priced') }}

),

final as (

    select
        person_key,
        used_on,
        {{ shipworthy.hour_started_at('bucket_started_at') }} as used_at,
        sum(tokens) as tokens

    from priced

    where
        person_key is not null
        and bucket_hours = 1
        and not coalesce(is_automated, false)
        and (tokens > 0 or coalesce(requests, sessions, 1) > 0)

    group by person_key, used_on, {{ shipworthy.hour_started_at('bucket_started_at') }}

)

select * from final
