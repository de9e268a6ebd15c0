with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

reverts as (

    select * from {{ ref('shipworthy', 'int_shipworthy__reverts') }}

    where not is_reapply

),

fixes_traced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__fixes_traced') }}

),

incident_fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_fixes') }}

),

named_fixes as (

    select distinct
        repository,
        sha

    from incident_fixes

),

rollbacks as (

    select * from deployments

    where
        is_rollback
        or is_rollback_by_source

),

taking_off as (

    select
        rollbacks.deployment_id,
        max(put_live.shipping_order) as repaired_order

    from rollbacks

    inner join put_live
        on rollbacks.shipping_order = put_live.taken_off_order

    group by rollbacks.deployment_id

),

moving_before as (

    select
        deployment_id,
        max(case when is_first or is_forward or is_rollback then shipping_order end) over (
            partition by service, repository, environment
            order by shipping_order
            rows between unbounded preceding and 1 preceding
        ) as repaired_order

    from deployments

),

-- A rollback repairs what shipped the changes it takes off, else what last moved the live position of its environment.
repaired_by_rollback as (

    select
        'rollback' as remediation,
        rollbacks.deployment_id as remediation_id,
        rollbacks.repository,
        rollbacks.deployment_id as remediating_deployment_id,
        cast(null as {{ dbt.type_string() }}) as remediating_sha,
        rollbacks.deployed_at as remediated_at,
        coalesce(taking_off.repaired_order, moving_before.repaired_order) as repaired_order

    from rollbacks

    left join taking_off
        on rollbacks.deployment_id = taking_off.deployment_id

    left join moving_before
        on rollbacks.deployment_id = moving_before.deployment_id

),

reverted as (

    select
        reverts.repository,
        reverts.sha,
        reverts.landed_at,
        reverts.reverted_sha,
        put_live.service,
        max(put_live.shipping_order) as repaired_order

    from reverts

    inner join put_live
        on
            reverts.repository = put_live.repository
            and reverts.reverted_sha = put_live.sha
            and reverts.landed_at >= put_live.deployed_at

    group by
        reverts.repository,
        reverts.sha,
        reverts.landed_at,
        reverts.reverted_sha,
        put_live.service

),

-- In each service, the deployment that had a reverted change live.
repaired_by_revert as (

    select distinct
        'revert' as remediation,
        reverted.sha || '@' || reverted.service as remediation_id,
        reverted.repository,
        cast(null as {{ dbt.type_string() }}) as remediating_deployment_id,
        reverted.sha as remediating_sha,
        reverted.landed_at as remediated_at,
        reverted.repaired_order

    from reverted

    inner join deployments
        on reverted.repaired_order = deployments.shipping_order

    where reverted.landed_at <= {{ shipworthy.add_days('deployments.deployed_at', 30) }}

),

repaired_by_hotfix as (

    select
        'hotfix' as remediation,
        changes.sha as remediation_id,
        changes.repository,
        cast(null as {{ dbt.type_string() }}) as remediating_deployment_id,
        changes.sha as remediating_sha,
        changes.landed_at as remediated_at,
        deployments.shipping_order as repaired_order

    from fixes_traced

    inner join changes
        on
            fixes_traced.asked_by_repository = changes.repository
            and fixes_traced.asked_by_id = changes.sha

    inner join deployments
        on fixes_traced.deployment_id = deployments.deployment_id

    where fixes_traced.asked_by = 'hotfix'

),

repaired as (

    select * from repaired_by_rollback

    union all

    select * from repaired_by_revert

    union all

    select * from repaired_by_hotfix

),

-- The named fix of a counted incident weighs nothing more: the incident does.
final as (

    select
        repaired.remediation,
        repaired.remediation_id,
        repaired.repository,
        repaired.remediating_deployment_id,
        repaired.remediating_sha,
        repaired.remediated_at,
        deployments.deployment_id,
        deployments.release_id,
        cast(
            case
                when named_fixes.sha is not null then 0.0
                else {{ var('shipworthy__remediation_weight') }}
            end as {{ shipworthy.type_double() }}
        ) as remediation_weight

    from repaired

    inner join deployments
        on repaired.repaired_order = deployments.shipping_order

    left join named_fixes
        on
            repaired.repository = named_fixes.repository
            and repaired.remediating_sha = named_fixes.sha

)

select * from final
