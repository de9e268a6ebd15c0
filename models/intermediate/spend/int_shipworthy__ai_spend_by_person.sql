{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

priced as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_usage_priced') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

),

spent as (

    select
        person_key,
        week_start_on,
        sum(tokens) as tokens,
        sum(billed_usd) as billed_usd,
        sum(case when billed_usd is null then list_usd end) as priced_usd,
        sum(case when billed_usd is null and (has_tokens or has_credits) and list_usd is null then 1 else 0 end)
            as buckets_without_price,
        sum(case when billed_usd is null and not has_tokens and not has_credits then 1 else 0 end)
            as buckets_not_billed_by_use,
        max(case when has_tokens then 1 else 0 end) = 1 as has_tokens,
        sum(accepted_lines) as accepted_lines,
        max(case when not coalesce(is_automated, false) then 1 else 0 end) = 1 as used_ai

    from priced

    group by person_key, week_start_on

),

final as (

    select
        spent.person_key,
        spent.week_start_on,
        coalesce(members.team, 'unassigned') as team,
        members.team is not null as has_team,
        coalesce(members.is_human, false) as is_builder,
        spent.person_key is not null and spent.used_ai as is_ai_user,
        cast(spent.tokens as {{ dbt.type_bigint() }}) as tokens,
        spent.has_tokens,
        cast(spent.accepted_lines as {{ dbt.type_bigint() }}) as accepted_lines,
        cast(spent.billed_usd as {{ shipworthy.type_double() }}) as billed_usd,
        cast(spent.priced_usd as {{ shipworthy.type_double() }}) as priced_usd,
        cast(
            case
                when spent.billed_usd is not null or spent.priced_usd is not null
                    then coalesce(spent.billed_usd, 0.0) + coalesce(spent.priced_usd, 0.0)
            end as {{ shipworthy.type_double() }}
        ) as spend_usd,
        cast(spent.buckets_without_price as {{ dbt.type_bigint() }}) as buckets_without_price,
        cast(spent.buckets_not_billed_by_use as {{ dbt.type_bigint() }}) as buckets_not_billed_by_use

    from spent

    left join members
        on
            spent.person_key = members.person_key
            and spent.week_start_on = members.week_start_on
            and members.is_at_home

)

select * from final
