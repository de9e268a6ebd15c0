{{ config(enabled=(var('shipworthy__github_tables') != 'none' and 'deployments' in var('shipworthy__github_inputs'))) }}

-- GitHub's deployments carry no outcome: it is in their statuses. `inactive` is written to a deployment when the next
-- one succeeds and says nothing about this one.
with

deployments as (

    {{ shipworthy.github_entity('deployments') }}

),

statuses as (

    {{ shipworthy.github_entity('deployment_statuses') }}

),

known_agents as (

    {{ shipworthy.known_agents(['login']) | indent(4) }}

),

-- Several outcomes of one deployment, as after a retry: the last one counts.
outcomes as (

    select
        deployment_id,
        max(created_at) as last_outcome_at,
        min(case when state = 'success' then created_at end) as succeeded_at,
        max(case when state = 'success' then created_at end) as last_success_at
    from statuses
    where state in ('success', 'failure', 'error')
    group by deployment_id

),

starts as (

    select
        deployment_id,
        min(created_at) as started_at
    from statuses
    where state = 'in_progress'
    group by deployment_id

),

final as (

    select
        ---------- ids
        deployments.repository,
        deployments.deployment_id,
        deployments.sha,

        ---------- text
        deployments.environment,
        case
            when outcomes.last_success_at = outcomes.last_outcome_at then 'success'
            when outcomes.last_outcome_at is not null then 'failure'
            else 'in_progress'
        end as status,
        {{ shipworthy.github_account_kind(
            'deployments.creator_login', 'deployments.creator_type', 'creators.author_kind'
        ) }} as deployed_by_kind,

        ---------- times (UTC)
        deployments.created_at,
        starts.started_at,
        case
            when outcomes.last_success_at = outcomes.last_outcome_at then outcomes.succeeded_at
            else outcomes.last_outcome_at
        end as finished_at

    from deployments
    left join outcomes
        on deployments.deployment_id = outcomes.deployment_id
    left join starts
        on deployments.deployment_id = starts.deployment_id
    left join known_agents as creators
        on lower(deployments.creator_login) = creators.value

)

select * from final
