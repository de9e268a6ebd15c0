{%- set window_hours = var('shipworthy__release_window_hours') -%}

with

deployments as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployments') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

timed as (

    select
        *,
        coalesce(finished_at, started_at, created_at) as deployed_at

    from deployments

    where
        status in ('failure', 'cancelled')
        and {{ shipworthy.is_production('environment') }}

),

whole_repository_services as (

    select
        repository,
        min(service) as service

    from service_paths

    where
        path_prefix = ''
        and is_listed

    group by repository

),

-- The same service that a successful deployment of these names would belong to.
resolved as (

    select
        timed.deployment_id,
        timed.kind,
        timed.deployed_at,
        {{ shipworthy.window_started_at('timed.deployed_at', window_hours) | indent(8) }} as window_started_at,
        timed.repository,
        case
            when as_of.has_services
                then coalesce(timed.service, whole_repository_services.service, timed.repository, 'unassigned')
            else coalesce(timed.repository, timed.service, 'unassigned')
        end as service

    from timed

    cross join as_of

    left join whole_repository_services
        on timed.repository = whole_repository_services.repository

    where timed.deployed_at <= as_of.as_of_at

),

owned as (

    select
        resolved.deployment_id,
        min(service_paths.team) as team

    from resolved

    inner join service_paths
        on
            resolved.service = service_paths.service
            and (resolved.repository is null or resolved.repository = service_paths.repository)
            and (
                service_paths.valid_from_on is null
                or service_paths.valid_from_on <= cast(resolved.window_started_at as date)
            )
            and (
                service_paths.valid_to_on is null
                or cast(resolved.window_started_at as date) < service_paths.valid_to_on
            )

    group by resolved.deployment_id

),

final as (

    select
        resolved.deployment_id,
        resolved.service,
        coalesce(owned.team, resolved.repository, resolved.service) as team,
        resolved.kind,
        resolved.deployed_at,
        {{ shipworthy.week_start_on('resolved.window_started_at') }} as week_start_on

    from resolved

    left join owned
        on resolved.deployment_id = owned.deployment_id

)

select * from final
