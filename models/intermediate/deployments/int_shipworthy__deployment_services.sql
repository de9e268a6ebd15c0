{#- Which service a deployment is of, whatever became of it. -#}

with

deployments as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployments') }}

),

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

prefixes_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_held') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

listed_names as (

    select
        service,
        min(repository) as repository

    from services_listed

    group by service

),

timed as (

    select
        deployments.*,
        coalesce(deployments.finished_at, deployments.started_at, deployments.created_at) as deployed_at,
        coalesce(deployments.started_at, deployments.created_at, deployments.finished_at) as began_at,
        {{ shipworthy.is_production('deployments.environment') }} as is_production,
        as_of.has_services,
        as_of.as_of_at,
        listed_names.service is not null as is_listed

    from deployments

    cross join as_of

    left join listed_names
        on deployments.service = listed_names.service

),

seen as (

    select
        *,
        cast(deployed_at as date) as deployed_on

    from timed

    where deployed_at <= as_of_at

),

-- A release tag that names no service deploys every listed service of its repository.
tagged as (

    select distinct
        seen.deployment_id,
        prefixes_held.service

    from seen

    inner join prefixes_held
        on
            seen.repository = prefixes_held.repository
            and {{ shipworthy.is_valid_on('prefixes_held', 'seen.deployed_on') }}

    where
        seen.source = 'git_tag'
        and not seen.is_listed
        and coalesce(seen.service = seen.repository, true)

),

tagged_services as (

    select
        deployment_id,
        service,
        count(*) over (partition by deployment_id) as services

    from tagged

),

whole_repositories as (

    select * from prefixes_held

    where path_prefix = ''

),

-- Without a services table a deployment belongs to its repository, whatever service it names.
resolved as (

    select
        seen.*,
        coalesce(tagged_services.services, 1) as services,
        coalesce(tagged_services.service, seen.service) as named_service,
        case
            when seen.has_services
                then coalesce(
                    tagged_services.service,
                    seen.service,
                    whole_repositories.service,
                    seen.repository,
                    'unassigned'
                )
            else coalesce(seen.repository, seen.service, 'unassigned')
        end as resolved_service

    from seen

    left join tagged_services
        on seen.deployment_id = tagged_services.deployment_id

    left join whole_repositories
        on
            seen.repository = whole_repositories.repository
            and {{ shipworthy.is_valid_on('whole_repositories', 'seen.deployed_on') }}

),

final as (

    select
        case
            when resolved.services > 1 then resolved.deployment_id || '@' || resolved.resolved_service
            else resolved.deployment_id
        end as deployment_id,
        resolved.deployment_id as recorded_deployment_id,
        resolved.named_service,
        resolved.resolved_service as service,
        coalesce(resolved.repository, listed_names.repository, resolved.resolved_service) as repository,
        resolved.has_services and listed_names.service is null as is_unlisted,
        lower(trim(resolved.environment)) as environment,
        coalesce(resolved.is_production, false) as is_production,
        resolved.status,
        resolved.kind,
        resolved.source,
        resolved.sha,
        resolved.is_rollback as is_rollback_by_source,
        resolved.began_at,
        resolved.deployed_at

    from resolved

    left join listed_names
        on resolved.resolved_service = listed_names.service

)

select * from final
