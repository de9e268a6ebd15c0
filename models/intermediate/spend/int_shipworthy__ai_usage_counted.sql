{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

ai_usage as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__ai_usage', {'person_key': 'known_person_key'}) | indent(4) }}

),

usage_sources as (

    select * from {{ ref('shipworthy', 'shipworthy__usage_sources') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

used_until_as_of as (

    select
        ai_usage.*,
        cast(ai_usage.bucket_started_at as date) as used_on,
        {{ shipworthy.model_family('ai_usage.model') | indent(8) }} as model_family

    from ai_usage

    cross join as_of

    where ai_usage.bucket_started_at <= as_of.as_of_at

),

-- Where a source does not say which tool it was, another that saw the same model on the day does.
used as (

    select
        *,
        coalesce(
            tool,
            min(tool) over (partition by known_person_key, model_family, used_on),
            model_family
        ) as work

    from used_until_as_of

),

sources_of_work as (

    select
        used.known_person_key,
        used.work,
        used.used_on,
        used.source,
        min(
            case
                when usage_sources.kind = 'billed' then 1
                when usage_sources.kind = 'logged' then 3
                when usage_sources.kind is null and used.billed_usd is not null then 1
                else 2
            end
        ) as kind_rank,
        sum({{ shipworthy.tokens_of('used') }}) as tokens,
        max(case when used.billed_usd is not null then 1 else 0 end) as has_bill

    from used

    left join usage_sources
        on used.source = usage_sources.source

    where
        used.known_person_key is not null
        and used.work is not null

    group by
        used.known_person_key,
        used.work,
        used.used_on,
        used.source

),

-- Billed before metered before logged; of equals the one with a bill, then with more tokens, then by name.
ranked as (

    select
        *,
        row_number() over (
            partition by known_person_key, work, used_on
            order by kind_rank asc, has_bill desc, tokens desc, source asc
        ) as place

    from sources_of_work

),

-- Work of nobody, or with nothing to know it by, is in no overlap.
final as (

    select
        used.usage_id,
        used.source,
        used.known_person_key,
        used.tool,
        used.model,
        used.bucket_started_at,
        used.bucket_hours,
        used.sessions,
        used.requests,
        used.uncached_input_tokens,
        used.cache_read_tokens,
        used.cache_write_tokens,
        used.output_tokens,
        used.billed_usd,
        used.credits,
        used.accepted_lines,
        used.is_automated,
        used.used_on,
        used.model_family,
        used.work,
        {% if var('shipworthy__overlapping_usage_counts') -%}
        true as is_counted
        {%- else -%}
        coalesce(ranked.place, 1) = 1 as is_counted
        {%- endif %}

    from used

    left join ranked
        on
            used.known_person_key = ranked.known_person_key
            and used.work = ranked.work
            and used.used_on = ranked.used_on
            and used.source = ranked.source

)

select * from final
