{%- set window_hours = var('shipworthy__release_window_hours') -%}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_located') }}

    where basis <> 'superseded_by_source'

),

ordered as (

    select
        *,
        row_number() over (order by deployed_at, coalesce(position, 0), deployment_id) as shipping_order,
        min(repository) over (partition by service) as first_repository

    from deployments

),

reached as (

    select
        *,
        max(case when moves_live_position then position end) over (
            partition by service, repository, environment
            order by shipping_order
            rows between unbounded preceding and 1 preceding
        ) as highest_position_before

    from ordered

),

-- A new sha of a branch that left the mainline below what was live already is a release of an older line: nobody goes
-- back to what never was there.
told_apart as (

    select
        *,
        basis = 'off_mainline'
        and coalesce(
            first_value(position < highest_position_before) over (
                partition by service, repository, environment, sha
                order by shipping_order
            ),
            false
        ) as is_of_older_line

    from reached

),

moving as (

    select
        deployment_id,
        recorded_deployment_id,
        service,
        repository,
        environment,
        named_service,
        team,
        sha,
        kind,
        source,
        began_at,
        deployed_at,
        shipping_order,
        basis,
        position,
        window_started_at,
        first_repository,
        is_rollback_by_source,
        moves_live_position and not is_of_older_line as moves_live_position

    from told_apart

),

-- Each environment has a live position of its own: where the deployment before that moved it left it. What never ships
-- lies below the first position of the service, in whatever environment.
compared as (

    select
        *,
        case
            when moves_live_position
                then lag(position) over (
                    partition by service, repository, environment, moves_live_position
                    order by shipping_order
                )
        end as live_position_before,
        case
            when moves_live_position
                then first_value(position) over (
                    partition by service, repository, moves_live_position
                    order by shipping_order
                )
        end as first_position

    from moving

),

final as (

    select
        deployment_id,
        recorded_deployment_id,
        service,
        repository,
        environment,
        named_service,
        team,
        sha,
        kind,
        source,
        began_at,
        deployed_at,
        shipping_order,
        basis,
        position,
        live_position_before,
        first_position,
        -- a service of several repositories has a release in each
        service
        || '@'
        || cast(window_started_at as {{ dbt.type_string() }})
        || case when repository = first_repository then '' else '@' || repository end as release_id,
        window_started_at,
        {{ shipworthy.add_hours('window_started_at', window_hours) }} as window_ended_at,
        moves_live_position and live_position_before is null as is_first,
        coalesce(position > live_position_before, false) and moves_live_position as is_forward,
        coalesce(position < live_position_before, false) and moves_live_position as is_rollback,
        coalesce(position = live_position_before, false) and moves_live_position as is_redeployment,
        is_rollback_by_source

    from compared

)

select * from final
