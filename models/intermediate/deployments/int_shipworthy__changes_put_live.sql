with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

deployment_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployment_commits') }}

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

),

deployments_with_lists as (

    select distinct
        deployment_id,
        repository

    from deployment_commits

),

-- From the live position up to its own; the first known deployment ships only its own change.
put_live_by_position as (

    select
        deployments.service,
        deployments.repository,
        changes.sha,
        changes.mainline_position,
        deployments.shipping_order

    from deployments

    inner join changes
        on
            deployments.service = changes.service
            and deployments.repository = changes.repository
            and deployments.position >= changes.mainline_position
            and changes.mainline_position > coalesce(deployments.live_position_before, deployments.position - 1)
            and deployments.first_position <= changes.mainline_position

    left join deployments_with_lists
        on
            deployments.deployment_id = deployments_with_lists.deployment_id
            and deployments.repository = deployments_with_lists.repository

    where
        deployments.is_first
        or (
            deployments.is_forward
            and deployments_with_lists.deployment_id is null
        )

),

-- A deployment that moves forward and names its commits ships those.
put_live_by_list as (

    select
        deployments.service,
        deployments.repository,
        changes.sha,
        changes.mainline_position,
        deployments.shipping_order

    from deployments

    inner join deployment_commits
        on
            deployments.deployment_id = deployment_commits.deployment_id
            and deployments.repository = deployment_commits.repository

    inner join commits_named
        on
            deployment_commits.repository = commits_named.repository
            and deployment_commits.sha = commits_named.commit_name

    inner join changes
        on
            deployments.service = changes.service
            and commits_named.repository = changes.repository
            and commits_named.change_sha = changes.sha
            and deployments.first_position <= changes.mainline_position

    where deployments.is_forward

),

put_live as (

    select * from put_live_by_position

    union

    select * from put_live_by_list

),

rollbacks as (

    select
        service,
        repository,
        position,
        shipping_order

    from deployments

    where is_rollback

),

-- A rollback takes off every live change above its position.
taken_off as (

    select
        put_live.service,
        put_live.repository,
        put_live.sha,
        put_live.shipping_order,
        min(rollbacks.shipping_order) as taken_off_order

    from put_live

    left join rollbacks
        on
            put_live.service = rollbacks.service
            and put_live.repository = rollbacks.repository
            and put_live.shipping_order < rollbacks.shipping_order
            and put_live.mainline_position > rollbacks.position

    group by
        put_live.service,
        put_live.repository,
        put_live.sha,
        put_live.shipping_order

),

-- A deployment that names a change which is live already does not put it live again.
ranked as (

    select
        *,
        row_number() over (
            partition by service, repository, sha, taken_off_order
            order by shipping_order
        ) as turn

    from taken_off

),

final as (

    select
        ranked.service,
        ranked.repository,
        ranked.sha,
        deployments.deployment_id,
        deployments.release_id,
        deployments.deployed_at,
        ranked.shipping_order,
        ranked.taken_off_order

    from ranked

    inner join deployments
        on ranked.shipping_order = deployments.shipping_order

    where ranked.turn = 1

)

select * from final
