with

all_deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

),

remediations as (

    select * from {{ ref('shipworthy', 'int_shipworthy__remediations') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_attributed') }}

),

-- What repaired a deployment, and when that finished: a rollback itself, or what shipped the repairing change to the
-- same service.
repairs as (

    select
        remediations.deployment_id,
        remediations.remediating_deployment_id,
        rollbacks.deployed_at as remediated_at

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

last_resolutions as (

    select
        deployment_id,
        case when count(resolved_at) = count(*) then max(resolved_at) end as resolved_at

    from incidents

    where deployment_id is not null

    group by deployment_id

),

reworking as (

    select distinct repairs.remediating_deployment_id as deployment_id

    from repairs

    inner join all_deployments as repaired
        on repairs.deployment_id = repaired.deployment_id

    where repairs.remediated_at <= {{ shipworthy.add_days('repaired.deployed_at', 7) }}

),

judged as (

    select
        all_deployments.deployment_id,
        all_deployments.team,
        all_deployments.service,
        {{ shipworthy.week_start_on('all_deployments.window_started_at') }} as week_start_on,
        reworking.deployment_id is not null as is_rework,
        {{ shipworthy.hours_between(
            'all_deployments.deployed_at', 'coalesce(last_resolutions.resolved_at, first_repairs.remediated_at)'
        ) }} as recovery_span

    from all_deployments

    left join last_resolutions
        on all_deployments.deployment_id = last_resolutions.deployment_id

    left join first_repairs
        on all_deployments.deployment_id = first_repairs.deployment_id

    left join reworking
        on all_deployments.deployment_id = reworking.deployment_id

    {%- if not var('shipworthy__redeployments_count') %}

    where
        not all_deployments.is_redeployment
        and all_deployments.basis <> 'flag'
    {%- endif %}

),

-- A recovery before the finish is none.
final as (

    select
        deployment_id,
        team,
        service,
        week_start_on,
        is_rework,
        cast(case when recovery_span >= 0 then recovery_span end as {{ shipworthy.type_double() }}) as recovery_hours

    from judged

)

select * from final
