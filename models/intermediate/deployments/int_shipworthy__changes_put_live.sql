with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

changes_moved as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_moved') }}

),

-- What is live in an environment is not put live there again, and what is not live is not taken off.
turned as (

    select
        *,
        coalesce(
            lag(is_put) over (
                partition by service, repository, sha, environment
                order by shipping_order
            ),
            false
        ) as was_put

    from changes_moved

),

-- A change is live from the first environment that has it to the last.
tallied as (

    select
        service,
        repository,
        sha,
        shipping_order,
        is_put,
        sum(case when is_put then 1 else -1 end) over (
            partition by service, repository, sha
            order by shipping_order
        ) as environments_live

    from turned

    where is_put <> was_put

),

edges as (

    select
        service,
        repository,
        sha,
        shipping_order,
        is_put,
        lead(shipping_order) over (partition by service, repository, sha order by shipping_order) as next_order

    from tallied

    where environments_live = case when is_put then 1 else 0 end

),

lived as (

    select
        edges.service,
        edges.repository,
        edges.sha,
        deployments.deployment_id,
        deployments.release_id,
        deployments.deployed_at,
        edges.shipping_order,
        edges.next_order as taken_off_order,
        coalesce(
            taking_off.deployed_at
            <= {{ shipworthy.add_days('deployments.deployed_at', shipworthy.window('credited_after_days')) }},
            false
        ) as is_taken_off_soon

    from edges

    inner join deployments
        on edges.shipping_order = deployments.shipping_order

    left join deployments as taking_off
        on edges.next_order = taking_off.shipping_order

    where edges.is_put

),

-- A change ships once: with the first deployment that put it live for good, or for so long that going back is history.
final as (

    select
        service,
        repository,
        sha,
        deployment_id,
        release_id,
        deployed_at,
        shipping_order,
        taken_off_order,
        not is_taken_off_soon
        and sum(case when is_taken_off_soon then 0 else 1 end) over (
            partition by service, repository, sha
            order by shipping_order
            rows between unbounded preceding and current row
        ) = 1 as is_shipped

    from lived

)

select * from final
