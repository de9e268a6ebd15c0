{#- What each deployment puts live in its environment and what it takes off, be it there already or not. -#}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

positions as (

    select * from {{ ref('shipworthy', 'int_shipworthy__positions_counted') }}

),

changes as (

    select
        service,
        repository,
        sha,
        row_number() over (partition by service, repository order by mainline_position, sha) as place

    from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

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

-- Below the first position of the service nothing ever ships.
floored as {{ shipworthy.computed_first() }}(

    select
        deployments.*,
        floors.changes_up_to as floor_place

    from deployments

    inner join positions as floors
        on
            deployments.service = floors.service
            and deployments.repository = floors.repository
            and deployments.first_position - 1 = floors.position

    where
        deployments.is_first
        or deployments.is_forward
        or deployments.is_rollback

),

-- Where a deployment moves its environment's live position, in changes of the service counted from the oldest.
moves as (

    select
        floored.service,
        floored.repository,
        floored.environment,
        floored.shipping_order,
        floored.recorded_deployment_id,
        floored.is_rollback,
        floored.is_forward and deployments_with_lists.deployment_id is not null as ships_list,
        floored.floor_place,
        greatest(coalesce(left_behind.changes_up_to, 0), floored.floor_place) as place_before,
        greatest(reached.changes_up_to, floored.floor_place) as place_after

    from floored

    inner join positions as reached
        on
            floored.service = reached.service
            and floored.repository = reached.repository
            and floored.position = reached.position

    left join positions as left_behind
        on
            floored.service = left_behind.service
            and floored.repository = left_behind.repository
            and floored.live_position_before = left_behind.position

    left join deployments_with_lists
        on
            floored.recorded_deployment_id = deployments_with_lists.deployment_id
            and floored.repository = deployments_with_lists.repository

),

-- A deployment that moves forward and names its commits ships those.
listed as (

    select distinct
        moves.service,
        moves.repository,
        moves.environment,
        changes.place,
        moves.shipping_order,
        true as is_put

    from moves

    inner join deployment_commits
        on
            moves.recorded_deployment_id = deployment_commits.deployment_id
            and moves.repository = deployment_commits.repository

    inner join commits_named
        on
            deployment_commits.repository = commits_named.repository
            and deployment_commits.sha = commits_named.commit_name

    inner join changes
        on
            moves.service = changes.service
            and commits_named.repository = changes.repository
            and commits_named.change_sha = changes.sha
            and moves.floor_place < changes.place

    where moves.ships_list

),

highest_listed as (

    select
        service,
        repository,
        environment,
        max(place) as place

    from listed

    group by service, repository, environment

),

-- Upwards a move puts live what lies between, unless it names its commits; downwards it takes off all that lies above.
ranged as (

    select
        moves.service,
        moves.repository,
        moves.environment,
        moves.shipping_order,
        not moves.is_rollback as is_put,
        case when moves.is_rollback then moves.place_after else moves.place_before end as lower_place,
        case
            when moves.is_rollback then greatest(moves.place_before, coalesce(highest_listed.place, 0))
            else moves.place_after
        end as upper_place

    from moves

    left join highest_listed
        on
            moves.service = highest_listed.service
            and moves.repository = highest_listed.repository
            and moves.environment = highest_listed.environment

    where not moves.ships_list

),

stepped as (

    select
        service,
        repository,
        environment,
        shipping_order,
        is_put,
        lower_place,
        {{ shipworthy.numbers_up_to('upper_place - lower_place - 1') }} as step

    from ranged

    where upper_place > lower_place

),

events as (

    select
        service,
        repository,
        environment,
        lower_place + 1 + step as place,
        shipping_order,
        is_put

    from stepped

    union all

    select
        service,
        repository,
        environment,
        place,
        shipping_order,
        is_put

    from listed

),

final as (

    select
        events.service,
        events.repository,
        changes.sha,
        events.environment,
        events.shipping_order,
        events.is_put

    from events

    inner join changes
        on
            events.service = changes.service
            and events.repository = changes.repository
            and events.place = changes.place

)

select * from final
