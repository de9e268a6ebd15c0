with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

    where position is not null

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

counted as (

    select
        deployments.team,
        {{ shipworthy.week_start_on('deployments.deployed_at') }} as week_start_on,
        count(*) as deployments,
        sum(case when deployments.deployed_at < changes.landed_at then 1 else 0 end) as early_deployments

    from deployments

    inner join changes
        on
            deployments.repository = changes.repository
            and deployments.position = changes.mainline_position

    group by deployments.team, {{ shipworthy.week_start_on('deployments.deployed_at') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.code_known_through') | indent(8) }} as immature_reason,
        {{ shipworthy.safe_ratio('counted.early_deployments', 'counted.deployments') }} as value,
        counted.early_deployments as numerator,
        counted.deployments as denominator,
        {{ var('shipworthy__signal_clocks') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when judged.no_deployments_reason is not null then judged.no_deployments_reason
            when coalesce(counted.deployments, 0) = 0 then 'no_release'
        end as null_reason

    from judged

    left join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('clocks') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} and numerator >= 2 as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' deployments finished before what they deployed had landed' as evidence,
        null_reason

    from measured

)

select * from final
