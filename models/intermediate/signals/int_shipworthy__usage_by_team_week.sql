with

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_usage_of_members') }}

),

final as (

    select
        team,
        week_start_on,
        cast(sum(tokens) as {{ shipworthy.type_double() }}) as tokens,
        max(case when has_tokens then 1 else 0 end) = 1 as has_tokens,
        sum(spend_usd) as spend_usd

    from members

    group by team, week_start_on

)

select * from final
