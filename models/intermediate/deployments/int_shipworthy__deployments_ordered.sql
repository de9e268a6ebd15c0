{%- set window_hours = var('shipworthy__release_window_hours') -%}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_successful') }}

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

changes_by_service as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

delivering_commits as (

    select distinct
        service,
        repository

    from service_paths

    where delivery_unit = 'commit'

),

positioned as (

    select
        deployments.deployment_id,
        deployments.service,
        deployments.repository,
        deployments.named_service,
        deployments.sha,
        deployments.kind,
        deployments.source,
        deployments.is_rollback_by_source,
        deployments.deployed_at,
        deployments.began_at,
        commits_named.ancestor_position as position,
        {#- Such a service ships what lands: its deployments can fail, but they ship nothing. #}
        delivering_commits.service is not null as delivers_commits,
        case
            when deployments.kind = 'flag' then 'flag'
            when commits_named.sha is null or commits_named.request_number is not null then 'no_sha'
            when not commits_named.is_on_mainline then 'off_mainline'
            when delivering_commits.service is not null then 'commit_delivery'
            else 'position'
        end as basis

    from deployments

    left join commits_named
        on
            deployments.repository = commits_named.repository
            and deployments.sha = commits_named.commit_name

    left join delivering_commits
        on
            deployments.service = delivering_commits.service
            and deployments.repository = delivering_commits.repository

),

-- A service that delivers commits has each change of its own live the moment it lands.
landings as (

    select
        changes_by_service.service || '@' || changes_by_service.sha as deployment_id,
        changes_by_service.service,
        changes_by_service.repository,
        changes_by_service.service as named_service,
        changes_by_service.sha,
        'deploy' as kind,
        'commit' as source,
        cast(null as {{ dbt.type_boolean() }}) as is_rollback_by_source,
        changes_by_service.landed_at as deployed_at,
        changes_by_service.landed_at as began_at,
        changes_by_service.mainline_position as position,
        false as delivers_commits,
        'position' as basis

    from changes_by_service

    inner join delivering_commits
        on
            changes_by_service.service = delivering_commits.service
            and changes_by_service.repository = delivering_commits.repository

),

all_deployments as (

    select * from positioned

    union all

    select * from landings

),

ordered as (

    select
        *,
        -- off the mainline, what ships is what the branch had left from
        basis in ('position', 'off_mainline')
        and position is not null
        and not delivers_commits as moves_live_position,
        row_number() over (order by deployed_at, coalesce(position, 0), deployment_id) as shipping_order,
        min(repository) over (partition by service) as first_repository,
        {{ shipworthy.window_started_at('deployed_at', window_hours) | indent(8) }} as window_started_at

    from all_deployments

),

-- The live position before a deployment is where the one before it that moved it left it.
compared as (

    select
        *,
        case
            when moves_live_position
                then lag(position) over moving
        end as live_position_before,
        case
            when moves_live_position
                then first_value(position) over moving
        end as first_position

    from ordered

    window moving as (
        partition by service, repository, moves_live_position
        order by shipping_order
    )

),

service_teams as (

    select
        compared.deployment_id,
        min(service_paths.team) as team

    from compared

    inner join service_paths
        on
            compared.service = service_paths.service
            and compared.repository = service_paths.repository
            and (
                service_paths.valid_from_on is null
                or service_paths.valid_from_on <= cast(compared.window_started_at as date)
            )
            and (
                service_paths.valid_to_on is null
                or cast(compared.window_started_at as date) < service_paths.valid_to_on
            )

    group by compared.deployment_id

),

final as (

    select
        compared.deployment_id,
        compared.service,
        compared.repository,
        compared.named_service,
        coalesce(service_teams.team, compared.repository) as team,
        compared.sha,
        compared.kind,
        compared.source,
        compared.began_at,
        compared.deployed_at,
        compared.shipping_order,
        compared.basis,
        compared.position,
        compared.live_position_before,
        compared.first_position,
        -- a service of several repositories has a release in each
        compared.service
        || '@'
        || cast(compared.window_started_at as {{ dbt.type_string() }})
        || case when compared.repository = compared.first_repository then '' else '@' || compared.repository end
            as release_id,
        compared.window_started_at,
        {{ shipworthy.add_hours('compared.window_started_at', window_hours) }} as window_ended_at,
        compared.moves_live_position and compared.live_position_before is null as is_first,
        coalesce(compared.position > compared.live_position_before, false) and compared.moves_live_position
            as is_forward,
        coalesce(compared.position < compared.live_position_before, false) and compared.moves_live_position
            as is_rollback,
        coalesce(compared.position = compared.live_position_before, false) and compared.moves_live_position
            as is_redeployment,
        coalesce(compared.is_rollback_by_source, false) as is_rollback_by_source

    from compared

    left join service_teams
        on compared.deployment_id = service_teams.deployment_id

)

select * from final
