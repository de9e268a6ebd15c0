{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

priced as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_usage_priced') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

),

-- As in what AI costs: what the vendor billed, else the list price of what was used.
used_in_week as (

    select
        person_key,
        week_start_on,
        sum(cast(coalesce(billed_usd, list_usd) as {{ shipworthy.type_double() }})) as spend_usd,
        sum(tokens) as tokens,
        max(case when has_tokens then 1 else 0 end) = 1 as has_tokens

    from priced

    where person_key is not null

    group by person_key, week_start_on

),

-- Humans who are members on the Monday, in each team of theirs.
final as (

    select
        members.team,
        used_in_week.week_start_on,
        used_in_week.person_key,
        used_in_week.spend_usd,
        used_in_week.tokens,
        used_in_week.has_tokens

    from used_in_week

    inner join members
        on
            used_in_week.person_key = members.person_key
            and used_in_week.week_start_on = members.week_start_on

    where members.is_human

)

select * from final
