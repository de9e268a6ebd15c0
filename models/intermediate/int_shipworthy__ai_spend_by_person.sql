{#- A row describes one person: it is stored nowhere unless the user asks for it. -#}
{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

with

priced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_usage_priced') }}

),

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

),

spent as (

    select
        person_key,
        week_start_on,
        sum(tokens) as tokens,
        sum(billed_usd) as billed_usd,
        sum(case when billed_usd is null and has_tokens then list_usd end) as priced_usd,
        sum(case when billed_usd is null and has_tokens and list_usd is null then 1 else 0 end)
            as buckets_without_price,
        sum(case when billed_usd is null and not has_tokens then 1 else 0 end) as buckets_not_billed_by_use,
        max(case when not coalesce(is_automated, false) then 1 else 0 end) = 1 as used_ai

    from priced

    group by person_key, week_start_on

),

-- Of several teams on the Monday, the first by name.
homes as (

    select
        spent.person_key,
        spent.week_start_on,
        min(people.team) as team,
        max(case when coalesce(people.kind, 'human') = 'human' then 1 else 0 end) = 1 as is_builder

    from spent

    inner join people
        on
            (people.valid_from_on is null or people.valid_from_on <= spent.week_start_on)
            and (people.valid_to_on is null or spent.week_start_on < people.valid_to_on)

    left join identities
        on people.person_key = identities.alias_key

    where spent.person_key = coalesce(identities.person_key, people.person_key)

    group by spent.person_key, spent.week_start_on

),

final as (

    select
        spent.person_key,
        spent.week_start_on,
        coalesce(homes.team, 'unassigned') as team,
        homes.team is not null as has_team,
        coalesce(homes.is_builder, false) as is_builder,
        spent.person_key is not null and spent.used_ai as is_ai_user,
        cast(spent.tokens as {{ dbt.type_bigint() }}) as tokens,
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

    left join homes
        on
            spent.person_key = homes.person_key
            and spent.week_start_on = homes.week_start_on

)

select * from final
