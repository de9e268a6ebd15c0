{%- set window_hours = var('shipworthy__release_window_hours') -%}

with

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_successful') }}

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

),

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

changes_by_service as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_service') }}

),

commit_periods as (

    select distinct
        service,
        repository,
        valid_from_on,
        valid_to_on

    from services_listed

    where delivery_unit = 'commit'

),

-- What a service delivers is said of a period, like its owner: a new unit leaves what was deployed before as it was.
delivering_commits as (

    select distinct deployments.deployment_id

    from deployments

    inner join commit_periods
        on
            deployments.service = commit_periods.service
            and deployments.repository = commit_periods.repository
            and {{ shipworthy.is_valid_on('commit_periods', 'cast(deployments.deployed_at as date)') }}

),

positioned as (

    select
        deployments.deployment_id,
        deployments.recorded_deployment_id,
        deployments.service,
        deployments.repository,
        deployments.environment,
        deployments.named_service,
        deployments.sha,
        deployments.kind,
        deployments.source,
        coalesce(deployments.is_rollback_by_source, false) as is_rollback_by_source,
        deployments.deployed_at,
        deployments.began_at,
        commits_named.ancestor_position as position,
        {#- Such a service ships what lands: its deployments can fail, but they ship nothing. #}
        delivering_commits.deployment_id is not null as delivers_commits,
        case
            when deployments.is_superseded then 'superseded_by_source'
            when deployments.kind = 'flag' then 'flag'
            when commits_named.sha is null or commits_named.request_number is not null then 'no_sha'
            when not commits_named.is_on_mainline then 'off_mainline'
            when delivering_commits.deployment_id is not null then 'commit_delivery'
            else 'position'
        end as basis

    from deployments

    left join commits_named
        on
            deployments.repository = commits_named.repository
            and deployments.sha = commits_named.commit_name

    left join delivering_commits
        on deployments.deployment_id = delivering_commits.deployment_id

),

first_deployed as (

    select
        service,
        repository,
        position,
        delivers_commits,
        row_number() over (
            partition by service, repository
            order by deployed_at, position, deployment_id
        ) as place

    from positioned

    where
        position is not null
        and basis in ('commit_delivery', 'off_mainline', 'position')

),

-- A service that delivers commits has each change of its own live the moment it lands, from its first deployment on if
-- it has any: no years of history.
landings as (

    select distinct
        changes_by_service.service || '@' || changes_by_service.sha as deployment_id,
        changes_by_service.service || '@' || changes_by_service.sha as recorded_deployment_id,
        changes_by_service.service,
        changes_by_service.repository,
        'production' as environment,
        changes_by_service.service as named_service,
        changes_by_service.sha,
        'deploy' as kind,
        'commit' as source,
        false as is_rollback_by_source,
        changes_by_service.landed_at as deployed_at,
        changes_by_service.landed_at as began_at,
        changes_by_service.mainline_position as position,
        false as delivers_commits,
        'position' as basis

    from changes_by_service

    inner join commit_periods
        on
            changes_by_service.service = commit_periods.service
            and changes_by_service.repository = commit_periods.repository
            and {{ shipworthy.is_valid_on('commit_periods', 'cast(changes_by_service.landed_at as date)') }}

    left join first_deployed
        on
            changes_by_service.service = first_deployed.service
            and changes_by_service.repository = first_deployed.repository
            and first_deployed.place = 1
            and first_deployed.delivers_commits

    where changes_by_service.mainline_position >= coalesce(first_deployed.position, 0)

),

windowed as (

    select
        all_deployments.*,
        {{ shipworthy.window_started_at('all_deployments.deployed_at', window_hours) | indent(8) }} as window_started_at

    from (
        select * from positioned

        union all

        select * from landings
    ) as all_deployments

),

owners as (

    select
        windowed.deployment_id,
        min(services_listed.team) as team

    from windowed

    inner join services_listed
        on
            windowed.service = services_listed.service
            and {{ shipworthy.is_valid_on('services_listed', 'cast(windowed.window_started_at as date)') }}

    group by windowed.deployment_id

),

-- Off the mainline, what ships is what the branch had when it left.
final as (

    select
        windowed.deployment_id,
        windowed.recorded_deployment_id,
        windowed.service,
        windowed.repository,
        windowed.environment,
        windowed.named_service,
        coalesce(owners.team, windowed.repository) as team,
        windowed.sha,
        windowed.kind,
        windowed.source,
        windowed.began_at,
        windowed.deployed_at,
        windowed.window_started_at,
        windowed.basis,
        windowed.position,
        windowed.is_rollback_by_source,
        windowed.basis in ('position', 'off_mainline')
        and windowed.position is not null
        and not windowed.delivers_commits as moves_live_position

    from windowed

    left join owners
        on windowed.deployment_id = owners.deployment_id

)

select * from final
