with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

records as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_records_placed') }}

    where not is_dismissed and caused_by_deployment_id is not null

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

put_live as (

    select distinct deployment_id from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

-- A cause that was never deployed as the incident tells it: another team's, one that put nothing live, or a stale one.
causes as (

    select
        records.team,
        records.incident_id,
        records.week_start_on,
        min(
            case
                when
                    records.team = deployments.team
                    and put_live.deployment_id is not null
                    and deployments.deployed_at >= {{ shipworthy.add_days('records.opened_at', -14) }}
                    then 0
                else 1
            end
        ) as is_odd

    from records

    inner join deployments
        on records.caused_by_deployment_id = deployments.recorded_deployment_id

    left join put_live
        on deployments.deployment_id = put_live.deployment_id

    group by records.team, records.incident_id, records.week_start_on

),

looked_back_on as (

    select
        team,
        is_odd,
        {{ shipworthy.weeks_looking_back('week_start_on', shipworthy.window('incident_weeks')) | indent(8) }}
            as week_start_on

    from causes

),

counted as (

    select
        team,
        week_start_on,
        count(*) as causes,
        sum(is_odd) as odd_causes,
        {{ shipworthy.safe_ratio('sum(is_odd)', 'count(*)') }} as odd_share

    from looked_back_on

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        judged.shipping_immature_reason as immature_reason,
        {{ shipworthy.wilson_low('counted.odd_share', 'cast(counted.causes as ' ~ shipworthy.type_double() ~ ')') }}
            as value,
        counted.odd_causes as numerator,
        counted.causes as denominator,
        {{ var('shipworthy__signal_odd_causes') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when judged.no_deployments_reason is not null then judged.no_deployments_reason
            when judged.no_incidents_reason is not null then judged.no_incidents_reason
            when coalesce(counted.causes, 0) = 0 then 'no_causes'
        end as null_reason

    from judged

    left join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('odd_causes') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' named causes of 13 weeks are of another team, put nothing live or are older than 14 days' as evidence,
        null_reason

    from measured

)

select * from final
