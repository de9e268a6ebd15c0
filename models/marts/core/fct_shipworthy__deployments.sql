{{ config(alias='fct_deployments') }}

{%- set attribution_hours = var('shipworthy__incident_attribution_hours') %}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

-- Release tags that another source tells of too: information, in no release and no count.
superseded as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_located') }}

    where basis = 'superseded_by_source'

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

failures as (

    select * from {{ ref('shipworthy', 'int_shipworthy__failures') }}

),

services_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

changes_by_deployment as (

    select
        deployment_id,
        count(*) as changes_put_live,
        sum(case when is_shipped then 1 else 0 end) as changes_shipped

    from put_live

    group by deployment_id

),

failures_by_deployment as (

    select
        deployment_id,
        count(*) as failures,
        max(failure_weight) as failure_weight

    from failures

    group by deployment_id

),

all_deployments as (

    select
        deployment_id,
        release_id,
        service,
        repository,
        team,
        environment,
        sha,
        source,
        began_at,
        deployed_at,
        window_started_at,
        basis,
        position,
        live_position_before,
        is_rollback,
        is_redeployment

    from deployments

    union all

    select
        deployment_id,
        cast(null as {{ dbt.type_string() }}) as release_id,
        service,
        repository,
        team,
        environment,
        sha,
        source,
        began_at,
        deployed_at,
        window_started_at,
        basis,
        position,
        cast(null as {{ dbt.type_bigint() }}) as live_position_before,
        false as is_rollback,
        false as is_redeployment

    from superseded

),

final as (

    select
        ---------- deployment
        all_deployments.deployment_id,
        all_deployments.release_id,
        all_deployments.service,
        all_deployments.repository,
        all_deployments.team,
        all_deployments.environment,
        all_deployments.sha,
        all_deployments.source,
        all_deployments.began_at as started_at,
        all_deployments.deployed_at as finished_at,
        {{ shipworthy.week_start_on('all_deployments.window_started_at') }} as week_start_on,

        ---------- what it shipped
        all_deployments.basis,
        all_deployments.position as mainline_position,
        all_deployments.live_position_before,
        all_deployments.is_rollback,
        all_deployments.is_redeployment,
        cast(coalesce(changes_by_deployment.changes_put_live, 0) as {{ dbt.type_bigint() }}) as changes_put_live,
        cast(coalesce(changes_by_deployment.changes_shipped, 0) as {{ dbt.type_bigint() }}) as changes_shipped,

        ---------- what went wrong
        cast(coalesce(failures_by_deployment.failures, 0) as {{ dbt.type_bigint() }}) as failures,
        cast(coalesce(failures_by_deployment.failure_weight, 0.0) as {{ shipworthy.type_double() }})
            as failure_weight,
        failures_by_deployment.failures is not null as is_failed,
        coalesce(
            {{ shipworthy.add_hours('all_deployments.deployed_at', attribution_hours) }}
            <= least(as_of.as_of_at, as_of.incidents_known_through, services_known.known_through),
            false
        ) as is_closed

    from all_deployments

    cross join as_of

    left join services_known
        on
            all_deployments.service = services_known.service
            and all_deployments.repository = services_known.repository

    left join changes_by_deployment
        on all_deployments.deployment_id = changes_by_deployment.deployment_id

    left join failures_by_deployment
        on all_deployments.deployment_id = failures_by_deployment.deployment_id

)

select * from final
