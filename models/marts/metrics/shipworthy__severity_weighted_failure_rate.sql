{{ config(alias='severity_weighted_failure_rate') }}

with

windows_summed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__windows_by_team_week') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__deployments') }}

    where basis <> 'superseded_by_source'

),

incidents as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__incidents') }}

),

normalized_deployments as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

    where not is_organisation

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

deployments_summed as (

    select
        team,
        week_start_on,
        sum(case when is_closed then 1 else 0 end) as closed_deployments,
        sum(case when is_closed and is_failed then 1 else 0 end) as failed_deployments,
        sum(case when is_closed then failure_weight else 0.0 end) as deployment_failure_weight

    from deployments

    group by team, week_start_on

),

unattributed as (

    select
        team,
        opened_week_start_on as week_start_on,
        count(*) as unattributed_incidents,
        sum(severity_weight) as unattributed_incident_weight

    from incidents

    where attribution_method = 'unattributed'

    group by team, opened_week_start_on

),

team_weeks as (

    select
        team,
        week_start_on

    from windows_summed

    union distinct

    select
        team,
        week_start_on

    from unattributed

    union distinct

    -- also where nothing was released: its builders count
    select
        team,
        week_start_on

    from normalized_deployments

),

summed as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        coalesce(windows_summed.closed_windows, 0) as closed_windows,
        coalesce(windows_summed.failed_windows, 0) as failed_windows,
        coalesce(windows_summed.failure_weight, 0.0) as failure_weight,
        coalesce(windows_summed.harm_weight, 0.0) as harm_weight,
        coalesce(windows_summed.harm_weight_squares, 0.0) as harm_weight_squares,
        coalesce(deployments_summed.closed_deployments, 0) as closed_deployments,
        coalesce(deployments_summed.failed_deployments, 0) as failed_deployments,
        coalesce(deployments_summed.deployment_failure_weight, 0.0) as deployment_failure_weight,
        coalesce(unattributed.unattributed_incidents, 0) as unattributed_incidents,
        coalesce(unattributed.unattributed_incident_weight, 0.0) as unattributed_incident_weight,
        normalized_deployments.normalized_deployments,
        normalized_deployments.builders,
        windows_summed.last_evidence_at,
        greatest(
            {{ shipworthy.add_days('cast(team_weeks.week_start_on as timestamp)', 7) }},
            coalesce(windows_summed.closed_at, timestamp '1970-01-01 00:00:00')
        ) as matures_at,
        coalesce(windows_summed.are_all_closed, 1) = 1 as are_all_closed

    from team_weeks

    left join windows_summed
        on
            team_weeks.team = windows_summed.team
            and team_weeks.week_start_on = windows_summed.week_start_on

    left join deployments_summed
        on
            team_weeks.team = deployments_summed.team
            and team_weeks.week_start_on = deployments_summed.week_start_on

    left join unattributed
        on
            team_weeks.team = unattributed.team
            and team_weeks.week_start_on = unattributed.week_start_on

    left join normalized_deployments
        on
            team_weeks.team = normalized_deployments.team
            and team_weeks.week_start_on = normalized_deployments.week_start_on

),

rated as (

    select
        summed.*,
        as_of.has_incidents,
        case
            when summed.matures_at > as_of.as_of_at then 'window_open'
            when
                not summed.are_all_closed
                or {{ shipworthy.add_days('cast(summed.week_start_on as timestamp)', 7) }}
                > least(as_of.as_of_at, as_of.incidents_known_through, teams_known.shipping_known_through)
                then 'source_lags'
        end as immature_reason,
        {{ shipworthy.safe_ratio('summed.failure_weight', 'summed.closed_windows') }} as failure_rate

    from summed

    cross join as_of

    left join teams_known
        on summed.team = teams_known.team

),

-- Without incidents the rate is not known, and not low: everything that rests on them is null.
final as (

    select
        ---------- row
        team,
        week_start_on,
        immature_reason is null as is_mature,
        immature_reason,

        ---------- per release
        case when has_incidents then failure_rate end as severity_weighted_failure_rate,
        cast(
            case when has_incidents then {{ shipworthy.wilson_low('failure_rate', 'closed_windows') }} end
            as {{ shipworthy.type_double() }}
        ) as severity_weighted_failure_rate_low,
        cast(
            case when has_incidents then {{ shipworthy.wilson_high('failure_rate', 'closed_windows') }} end
            as {{ shipworthy.type_double() }}
        ) as severity_weighted_failure_rate_high,
        case when has_incidents then failure_weight end as failure_weight,
        cast(closed_windows as {{ dbt.type_bigint() }}) as closed_windows,
        case when has_incidents then cast(failed_windows as {{ dbt.type_bigint() }}) end as failed_windows,

        ---------- per normalized deployment
        case when has_incidents then failure_weight / nullif(normalized_deployments, 0) end
            as failure_weight_per_normalized_deployment,
        normalized_deployments,

        ---------- per builder-week: nobody can split it
        case when has_incidents then {{ shipworthy.safe_ratio('harm_weight', 'builders') }} end
            as harm_per_builder_week,
        {%- for end, limit in [
            ('low', shipworthy.weighted_count_low('harm_weight', 'harm_weight_squares')),
            ('high', shipworthy.weighted_count_high('harm_weight', 'harm_weight_squares'))
        ] %}
        cast(
            case when has_incidents then {{ shipworthy.safe_ratio(limit, 'builders') }} end
            as {{ shipworthy.type_double() }}
        ) as harm_per_builder_week_{{ end }},
        {%- endfor %}
        case when has_incidents then harm_weight end as harm_weight,
        case when has_incidents then harm_weight_squares end as harm_weight_squares,
        builders,

        ---------- per deployment
        case when has_incidents then {{ shipworthy.safe_ratio('deployment_failure_weight', 'closed_deployments') }} end
            as severity_weighted_change_failure_rate,
        case when has_incidents then {{ shipworthy.safe_ratio('failed_deployments', 'closed_deployments') }} end
            as change_failure_rate,
        case when has_incidents then deployment_failure_weight end as deployment_failure_weight,
        cast(closed_deployments as {{ dbt.type_bigint() }}) as closed_deployments,
        case when has_incidents then cast(failed_deployments as {{ dbt.type_bigint() }}) end as failed_deployments,

        ---------- what found no release
        case when has_incidents then cast(unattributed_incidents as {{ dbt.type_bigint() }}) end
            as unattributed_incidents,
        case when has_incidents then cast(unattributed_incident_weight as {{ shipworthy.type_double() }}) end
            as unattributed_incident_weight,

        ---------- how sure
        case
            when not has_incidents then 'incidents_not_loaded'
            when closed_windows = 0 then 'no_closed_window'
        end as null_reason,
        case
            when immature_reason is null and last_evidence_at > matures_at
                then last_evidence_at
        end as restated_at

    from rated

)

select * from final
