{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

spend as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_spend_by_person') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

),

-- Humans who are members on the Monday, in each team of theirs.
final as (

    select
        members.team,
        spend.week_start_on,
        spend.person_key,
        spend.spend_usd,
        spend.tokens,
        spend.has_tokens

    from spend

    inner join members
        on
            spend.person_key = members.person_key
            and spend.week_start_on = members.week_start_on

    where members.is_human

)

select * from final
