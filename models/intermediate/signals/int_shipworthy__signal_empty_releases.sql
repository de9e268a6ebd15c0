with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

counted as (

    select
        team,
        week_start_on,
        sum(case when held_lines <= 0 then 1 else 0 end) as empty_releases

    from releases

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        judged.shipping_immature_reason as immature_reason,
        {{ shipworthy.safe_ratio('coalesce(counted.empty_releases, 0)', 'judged.releases') }} as value,
        cast(coalesce(counted.empty_releases, 0) as {{ shipworthy.type_double() }}) as numerator,
        cast(judged.releases as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_empty_share') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when judged.no_deployments_reason is not null then judged.no_deployments_reason
            when coalesce(judged.releases, 0) = 0 then 'no_release'
        end as null_reason

    from judged

    left join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('empty_releases') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' releases shipped nothing that held' as evidence,
        null_reason

    from measured

)

select * from final
