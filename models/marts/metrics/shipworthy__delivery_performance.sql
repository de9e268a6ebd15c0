{{ config(alias='delivery_performance') }}

{%- set attribution_hours = var('shipworthy__incident_attribution_hours') %}
{%- set spans = ['lead_time', 'coding', 'pickup', 'review', 'deploy'] %}

with

deployments as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__deployments') }}

    where basis <> 'superseded_by_source'

),

deployments_counted as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_counted') }}

),

rollouts_summed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__rollouts_by_service_week') }}

),

changes_summed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service_week') }}

),

service_weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_weeks') }}

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

deployments_summed as (

    select
        deployments_counted.team,
        deployments_counted.service,
        deployments_counted.week_start_on,
        count(*) as deployments,
        sum(case when deployments.is_closed then 1 else 0 end) as closed_deployments,
        sum(case when deployments.is_closed and deployments.is_failed then 1 else 0 end) as failed_deployments,
        count(case when deployments.is_failed then deployments_counted.recovery_hours end) as recovered_deployments,
        sum(case when deployments.is_failed then 1 else 0 end) as deployments_to_recover,
        {{ shipworthy.median('case when deployments.is_failed then deployments_counted.recovery_hours end') }}
            as recovery_hours,
        sum(case when deployments_counted.is_rework then 1 else 0 end) as rework_deployments,
        max(deployments.finished_at) as last_finished_at

    from deployments_counted

    inner join deployments
        on deployments_counted.deployment_id = deployments.deployment_id

    group by deployments_counted.team, deployments_counted.service, deployments_counted.week_start_on

),

joined as (

    select
        service_weeks.team,
        service_weeks.service,
        service_weeks.week_start_on,
        {%- for counted in [
            'deployments', 'recovered_deployments', 'deployments_to_recover', 'rework_deployments'
        ] %}
        coalesce(deployments_summed.{{ counted }}, 0) as {{ counted }},
        {%- endfor %}
        {%- for counted in ['closed_deployments', 'failed_deployments'] %}
        coalesce(deployments_summed.{{ counted }}, 0) + coalesce(rollouts_summed.failed_rollouts, 0) as {{ counted }},
        {%- endfor %}
        coalesce(rollouts_summed.failed_rollouts, 0) as failed_rollouts,
        deployments_summed.recovery_hours,
        coalesce(changes_summed.changes_shipped, 0) as changes_shipped,
        {%- for span in spans %}
        changes_summed.{{ span }}_hours,
        coalesce(changes_summed.{{ span }}_changes, 0) as {{ span }}_changes,
        {%- endfor %}
        coalesce(changes_summed.spans, 0) as spans,
        coalesce(changes_summed.negative_spans, 0) as negative_spans,
        -- greatest() leaves out what is null
        greatest(
            {{ shipworthy.add_days('cast(service_weeks.week_start_on as timestamp)', 7) }},
            {{ shipworthy.add_hours('deployments_summed.last_finished_at', attribution_hours) }},
            {{ shipworthy.add_hours('rollouts_summed.last_finished_at', attribution_hours) }}
        ) as matures_at

    from service_weeks
    {% for summed in ('deployments_summed', 'rollouts_summed', 'changes_summed') %}
    left join {{ summed }}
        on
            service_weeks.team = {{ summed }}.team
            and service_weeks.service = {{ summed }}.service
            and service_weeks.week_start_on = {{ summed }}.week_start_on
    {% endfor %}
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
        {{ shipworthy.wilson_limits('change_failure_rate', 'closed_deployments') | indent(8) }},
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
        {{ shipworthy.wilson_limits('deployment_rework_rate', 'deployments') | indent(8) }},
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
