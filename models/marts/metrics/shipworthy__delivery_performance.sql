{{ config(alias='delivery_performance') }}

{%- set attribution_hours = var('shipworthy__incident_attribution_hours') %}
{%- set spans = ['lead_time', 'coding', 'pickup', 'review', 'deploy'] %}

with

all_deployments as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__deployments') }}

),

rollouts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__rollouts_failed') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

),

remediations as (

    select * from {{ ref('shipworthy', 'int_shipworthy__remediations') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__incidents') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

review_feeds as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_feeds') }}

),

services_known as (

    select
        service,
        least(min(known_through), min(requests_known_through)) as known_through

    from {{ ref('shipworthy', 'int_shipworthy__services_known') }}

    group by service

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

dora_bands as (

    select * from {{ ref('shipworthy', 'shipworthy__dora_bands') }}

    where band_year = {{ var('shipworthy__dora_band_year') }}

),

deployments as (

    select * from all_deployments

    {%- if not var('shipworthy__redeployments_count') %}

    where
        not is_redeployment
        and basis <> 'flag'
    {%- endif %}

),

-- What repaired a deployment, and when that finished: a rollback itself, or what shipped the repairing change to the
-- same service.
repairs as (

    select
        remediations.deployment_id,
        remediations.remediating_deployment_id,
        rollbacks.finished_at as remediated_at

    from remediations

    inner join all_deployments as rollbacks
        on remediations.remediating_deployment_id = rollbacks.deployment_id

    union all

    select
        remediations.deployment_id,
        changes.deployment_id as remediating_deployment_id,
        changes.shipped_at as remediated_at

    from remediations

    inner join all_deployments as repaired
        on remediations.deployment_id = repaired.deployment_id

    inner join changes
        on
            remediations.repository = changes.repository
            and remediations.remediating_sha = changes.sha
            and repaired.service = changes.service

),

first_repairs as (

    select
        deployment_id,
        min(remediated_at) as remediated_at

    from repairs

    group by deployment_id

),

incidents_by_deployment as (

    select
        incidents.deployment_id,
        max(incidents.resolved_at) as resolved_at,
        max(case when incidents.resolved_at is null then 1 else 0 end) = 1 as has_open_incident

    from incidents

    where incidents.deployment_id is not null

    group by incidents.deployment_id

),

reworking as (

    select distinct repairs.remediating_deployment_id as deployment_id

    from repairs

    inner join all_deployments as repaired
        on repairs.deployment_id = repaired.deployment_id

    where repairs.remediated_at <= {{ shipworthy.add_days('repaired.finished_at', 7) }}

),

judged as (

    select
        deployments.team,
        deployments.service,
        deployments.week_start_on,
        deployments.finished_at,
        deployments.is_closed,
        deployments.is_failed,
        reworking.deployment_id is not null as is_rework,
        {{ shipworthy.hours_between(
            'deployments.finished_at',
            'case when incidents_by_deployment.has_open_incident = false then incidents_by_deployment.resolved_at '
            ~ 'else first_repairs.remediated_at end'
        ) }} as recovery_span

    from deployments

    left join incidents_by_deployment
        on deployments.deployment_id = incidents_by_deployment.deployment_id

    left join first_repairs
        on deployments.deployment_id = first_repairs.deployment_id

    left join reworking
        on deployments.deployment_id = reworking.deployment_id

),

deployments_summed as (

    select
        team,
        service,
        week_start_on,
        count(*) as deployments,
        sum(case when is_closed then 1 else 0 end) as closed_deployments,
        sum(case when is_closed and is_failed then 1 else 0 end) as failed_deployments,
        sum(case when is_failed and recovery_span >= 0 then 1 else 0 end) as recovered_deployments,
        sum(case when is_failed then 1 else 0 end) as deployments_to_recover,
        {{ shipworthy.median('case when is_failed and recovery_span >= 0 then recovery_span end') }} as recovery_hours,
        sum(case when is_rework then 1 else 0 end) as rework_deployments,
        max(finished_at) as last_finished_at

    from judged

    group by team, service, week_start_on

),

rollouts_summed as (

    select
        rollouts.team,
        rollouts.service,
        rollouts.week_start_on,
        sum(
            case
                when
                    {{ shipworthy.add_hours('rollouts.deployed_at', attribution_hours) }}
                    <= least(as_of.as_of_at, as_of.incidents_known_through, services_known.known_through)
                    then 1
                else 0
            end
        ) as failed_rollouts,
        max(rollouts.deployed_at) as last_finished_at

    from rollouts

    cross join as_of

    left join services_known
        on rollouts.service = services_known.service

    {%- if not var('shipworthy__failed_rollouts_count') %}

    where 1 = 0
    {%- elif not var('shipworthy__redeployments_count') %}

    where coalesce(rollouts.kind, 'deploy') <> 'flag'
    {%- endif %}

    group by rollouts.team, rollouts.service, rollouts.week_start_on

),

changes_summed as (

    select
        team,
        service,
        week_start_on,
        count(*) as changes_shipped,
        {%- for span in spans %}
        {{ shipworthy.median(span ~ '_hours') }} as {{ span }}_hours,
        count({{ span }}_hours) as {{ span }}_changes,
        {%- endfor %}
        sum(spans) as spans,
        sum(negative_spans) as negative_spans

    from changes

    group by team, service, week_start_on

),

active as (

    select
        team,
        service,
        week_start_on

    from deployments_summed

    union

    select
        team,
        service,
        week_start_on

    from rollouts_summed

),

active_weeks as (

    select distinct
        service,
        week_start_on

    from active

),

first_weeks as (

    select
        service,
        min(week_start_on) as first_week_start_on

    from active

    group by service

),

-- A week without a deployment is a frequency of 0, for whoever had the service on its Monday.
quiet as (

    select
        min(service_paths.team) as team,
        first_weeks.service,
        weeks.week_start_on

    from first_weeks

    inner join weeks
        on first_weeks.first_week_start_on < weeks.week_start_on

    inner join service_paths
        on
            first_weeks.service = service_paths.service
            and (service_paths.valid_from_on is null or service_paths.valid_from_on <= weeks.week_start_on)
            and (service_paths.valid_to_on is null or weeks.week_start_on < service_paths.valid_to_on)

    left join active_weeks
        on
            first_weeks.service = active_weeks.service
            and weeks.week_start_on = active_weeks.week_start_on

    where active_weeks.service is null

    group by first_weeks.service, weeks.week_start_on

),

service_weeks as (

    select * from active

    union all

    select * from quiet

),

joined as (

    select
        service_weeks.team,
        service_weeks.service,
        service_weeks.week_start_on,
        coalesce(deployments_summed.deployments, 0) as deployments,
        coalesce(deployments_summed.closed_deployments, 0) + coalesce(rollouts_summed.failed_rollouts, 0)
            as closed_deployments,
        coalesce(deployments_summed.failed_deployments, 0) + coalesce(rollouts_summed.failed_rollouts, 0)
            as failed_deployments,
        coalesce(rollouts_summed.failed_rollouts, 0) as failed_rollouts,
        coalesce(deployments_summed.recovered_deployments, 0) as recovered_deployments,
        coalesce(deployments_summed.deployments_to_recover, 0) as deployments_to_recover,
        deployments_summed.recovery_hours,
        coalesce(deployments_summed.rework_deployments, 0) as rework_deployments,
        coalesce(changes_summed.changes_shipped, 0) as changes_shipped,
        {%- for span in spans %}
        changes_summed.{{ span }}_hours,
        coalesce(changes_summed.{{ span }}_changes, 0) as {{ span }}_changes,
        {%- endfor %}
        coalesce(changes_summed.spans, 0) as spans,
        coalesce(changes_summed.negative_spans, 0) as negative_spans,
        greatest(
            {{ shipworthy.add_days('cast(service_weeks.week_start_on as timestamp)', 7) }},
            coalesce(
                {{ shipworthy.add_hours('deployments_summed.last_finished_at', attribution_hours) }},
                timestamp '1970-01-01 00:00:00'
            ),
            coalesce(
                {{ shipworthy.add_hours('rollouts_summed.last_finished_at', attribution_hours) }},
                timestamp '1970-01-01 00:00:00'
            )
        ) as matures_at

    from service_weeks

    left join deployments_summed
        on
            service_weeks.team = deployments_summed.team
            and service_weeks.service = deployments_summed.service
            and service_weeks.week_start_on = deployments_summed.week_start_on

    left join rollouts_summed
        on
            service_weeks.team = rollouts_summed.team
            and service_weeks.service = rollouts_summed.service
            and service_weeks.week_start_on = rollouts_summed.week_start_on

    left join changes_summed
        on
            service_weeks.team = changes_summed.team
            and service_weeks.service = changes_summed.service
            and service_weeks.week_start_on = changes_summed.week_start_on

),

-- Without incidents it is not known what failed; without reviews, when one began.
rated as (

    select
        joined.*,
        {{ shipworthy.immature_reason(
            'joined.matures_at',
            'as_of.as_of_at',
            'least(as_of.as_of_at, as_of.incidents_known_through, services_known.known_through)'
        ) | indent(8) }} as immature_reason,
        as_of.has_incidents,
        review_feeds.has_pull_requests,
        review_feeds.has_reviews,
        case
            when as_of.has_incidents
                then {{ shipworthy.safe_ratio('joined.failed_deployments', 'joined.closed_deployments') }}
        end as change_failure_rate,
        case when as_of.has_incidents then joined.recovery_hours end as failed_deployment_recovery_hours,
        {{ shipworthy.safe_ratio('joined.rework_deployments', 'joined.deployments') }} as deployment_rework_rate,
        cast(case when joined.deployments > 0 then joined.deployments end as {{ shipworthy.type_double() }})
            as deployments_to_band

    from joined

    cross join as_of

    cross join review_feeds

    left join services_known
        on joined.service = services_known.service

),

final as (

    select
        ---------- row
        team,
        service,
        week_start_on,
        immature_reason is null as is_mature,
        immature_reason,

        ---------- deployment frequency
        cast(deployments as {{ dbt.type_bigint() }}) as deployments,
        {{ shipworthy.dora_band('deployments_per_week', 'deployments_to_band', more_is_better=true) | indent(8) }}
            as deployment_frequency_band,

        ---------- change lead time
        lead_time_hours as change_lead_time_hours,
        {{ shipworthy.dora_band('change_lead_time_hours', 'lead_time_hours') | indent(8) }} as change_lead_time_band,
        {%- for span in spans[1:] %}
        {{ span }}_hours,
        {%- endfor %}
        cast(changes_shipped as {{ dbt.type_bigint() }}) as changes_shipped,
        {%- for span in spans %}
        cast({{ span }}_changes as {{ dbt.type_bigint() }}) as {{ span }}_changes,
        {%- endfor %}
        cast(spans as {{ dbt.type_bigint() }}) as spans,
        cast(negative_spans as {{ dbt.type_bigint() }}) as negative_spans,
        {{ shipworthy.safe_ratio('negative_spans', 'spans') }} as negative_span_share,

        ---------- change failure rate
        change_failure_rate,
        cast(
            {{ shipworthy.wilson_low('change_failure_rate', 'closed_deployments') }}
            as {{ shipworthy.type_double() }}
        ) as change_failure_rate_low,
        cast(
            {{ shipworthy.wilson_high('change_failure_rate', 'closed_deployments') }}
            as {{ shipworthy.type_double() }}
        ) as change_failure_rate_high,
        {{ shipworthy.dora_band('change_failure_rate', 'change_failure_rate') | indent(8) }}
            as change_failure_rate_band,
        case when has_incidents then cast(failed_deployments as {{ dbt.type_bigint() }}) end as failed_deployments,
        cast(closed_deployments as {{ dbt.type_bigint() }}) as closed_deployments,
        cast(failed_rollouts as {{ dbt.type_bigint() }}) as failed_rollouts,

        ---------- failed deployment recovery time
        failed_deployment_recovery_hours,
        {{ shipworthy.dora_band('recovery_hours', 'failed_deployment_recovery_hours') | indent(8) }} as recovery_band,
        case when has_incidents then cast(recovered_deployments as {{ dbt.type_bigint() }}) end
            as recovered_deployments,
        case when has_incidents then cast(deployments_to_recover - recovered_deployments as {{ dbt.type_bigint() }}) end
            as unrecovered_deployments,

        ---------- deployment rework rate
        deployment_rework_rate,
        cast(
            {{ shipworthy.wilson_low('deployment_rework_rate', 'deployments') }}
            as {{ shipworthy.type_double() }}
        ) as deployment_rework_rate_low,
        cast(
            {{ shipworthy.wilson_high('deployment_rework_rate', 'deployments') }}
            as {{ shipworthy.type_double() }}
        ) as deployment_rework_rate_high,
        cast(rework_deployments as {{ dbt.type_bigint() }}) as rework_deployments,

        ---------- how to read it
        cast({{ var('shipworthy__dora_band_year') }} as {{ dbt.type_bigint() }}) as dora_band_year,
        case when deployments = 0 then 'no_deployment' end as null_reason,
        case
            when changes_shipped = 0 then 'no_change_shipped'
            when lead_time_changes = 0 then 'no_span_known'
        end as change_lead_time_null_reason,
        case
            when not has_pull_requests then 'pull_requests_not_loaded'
            when not has_reviews then 'reviews_not_loaded'
            when changes_shipped = 0 then 'no_change_shipped'
            when review_changes = 0 or pickup_changes = 0 then 'no_reviewed_change'
        end as review_null_reason,
        case
            when not has_incidents then 'incidents_not_loaded'
            when closed_deployments = 0 then 'no_closed_deployment'
        end as change_failure_rate_null_reason,
        case
            when not has_incidents then 'incidents_not_loaded'
            when deployments_to_recover = 0 then 'no_failed_deployment'
            when recovered_deployments = 0 then 'not_recovered'
        end as recovery_null_reason

    from rated

)

select * from final
