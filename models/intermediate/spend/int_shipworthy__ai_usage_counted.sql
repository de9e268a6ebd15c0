{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{#- A row without a source is of another one than those that name theirs. -#}
{%- set several_sources = 'min(source) < max(source) or (count(source) > 0 and count(source) < count(*))' %}

with

ai_usage as {{ shipworthy.inlined() }}(

    {{ shipworthy.with_people_resolved('stg_shipworthy__ai_usage', {'person_key': 'known_person_key'}) | indent(4) }}

),

usage_sources as (

    select * from {{ ref('shipworthy', 'shipworthy__usage_sources') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- A model is named in many rows; its family is read once.
families as (

    select
        model,
        {{ shipworthy.model_family('model') | indent(8) }} as model_family

    from (select distinct model from ai_usage) as models

),

used_until_as_of as {{ shipworthy.inlined() }}(

    select
        ai_usage.*,
        cast(ai_usage.bucket_started_at as date) as used_on,
        families.model_family

    from ai_usage

    cross join as_of

    left join families
        on ai_usage.model = families.model

    where ai_usage.bucket_started_at <= as_of.as_of_at

),

without_tool as (

    select distinct
        known_person_key,
        coalesce(model_family, '') as model_family,
        used_on

    from used_until_as_of

    where tool is null

),

-- Where a source does not say which tool it was, another that saw the same model on the day does.
tools_seen as (

    select
        without_tool.known_person_key,
        without_tool.model_family,
        without_tool.used_on,
        min(used_until_as_of.tool) as tool

    from used_until_as_of

    inner join without_tool
        on
            used_until_as_of.known_person_key = without_tool.known_person_key
            and coalesce(used_until_as_of.model_family, '') = without_tool.model_family
            and used_until_as_of.used_on = without_tool.used_on

    where used_until_as_of.tool is not null

    group by without_tool.known_person_key, without_tool.model_family, without_tool.used_on

),

used as {{ shipworthy.inlined() }}(

    select
        *,
        tool as work

    from used_until_as_of

    where tool is not null

    union all

    select
        used_until_as_of.*,
        coalesce(tools_seen.tool, used_until_as_of.model_family) as work

    from used_until_as_of

    left join tools_seen
        on
            used_until_as_of.known_person_key = tools_seen.known_person_key
            and coalesce(used_until_as_of.model_family, '') = tools_seen.model_family
            and used_until_as_of.used_on = tools_seen.used_on

    where used_until_as_of.tool is null

),

-- Work of nobody, or with nothing to know it by, is in no overlap. Few people do the same work where two sources look,
-- and of these alone it is asked on which days.
work_of_several_sources as (

    select
        known_person_key,
        work

    from used

    where
        known_person_key is not null
        and work is not null

    group by known_person_key, work

    having {{ several_sources }}

),

work_seen_twice as (

    select
        used.known_person_key,
        used.work,
        used.used_on

    from used

    inner join work_of_several_sources
        on
            used.known_person_key = work_of_several_sources.known_person_key
            and used.work = work_of_several_sources.work

    group by used.known_person_key, used.work, used.used_on

    having {{ several_sources }}

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

    inner join work_seen_twice
        on
            used.known_person_key = work_seen_twice.known_person_key
            and used.work = work_seen_twice.work
            and used.used_on = work_seen_twice.used_on

    left join usage_sources
        on used.source = usage_sources.source

    group by used.known_person_key, used.work, used.used_on, used.source

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
        seen_elsewhere.place is null as is_counted
        {%- endif %}

    from used

    left join ranked as seen_elsewhere
        on
            used.known_person_key = seen_elsewhere.known_person_key
            and used.work = seen_elsewhere.work
            and used.used_on = seen_elsewhere.used_on
            and used.source = seen_elsewhere.source
            and seen_elsewhere.place > 1

)

select * from final
