with

deployments as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployments') }}

),

services as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__services') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

timed as (

    select
        *,
        coalesce(finished_at, started_at, created_at) as deployed_at,
        coalesce(started_at, created_at, finished_at) as began_at

    from deployments

    where
        status = 'success'
        and {{ shipworthy.is_production('environment') }}

),

listed_services as (

    select
        service,
        min(repository) as repository

    from services

    group by service

),

whole_repository_services as (

    select
        repository,
        min(service) as service

    from services

    where coalesce(path_prefix, '') in ('', '/', '.', './')

    group by repository

),

-- Without a services table a deployment belongs to its repository, whatever service it names.
resolved as (

    select
        timed.deployment_id,
        timed.service as named_service,
        timed.kind,
        timed.source,
        timed.sha,
        timed.is_rollback as is_rollback_by_source,
        timed.deployed_at,
        timed.began_at,
        as_of.has_services,
        case
            when as_of.has_services
                then coalesce(timed.service, whole_repository_services.service, timed.repository, 'unassigned')
            else coalesce(timed.repository, timed.service, 'unassigned')
        end as service,
        timed.repository as named_repository

    from timed

    cross join as_of

    left join whole_repository_services
        on timed.repository = whole_repository_services.repository

    where timed.deployed_at <= as_of.as_of_at

),

final as (

    select
        resolved.deployment_id,
        resolved.named_service,
        resolved.kind,
        resolved.source,
        resolved.sha,
        resolved.is_rollback_by_source,
        resolved.deployed_at,
        resolved.began_at,
        resolved.service,
        coalesce(resolved.named_repository, listed_services.repository, resolved.service) as repository,
        resolved.has_services and listed_services.service is null as is_unlisted

    from resolved

    left join listed_services
        on resolved.service = listed_services.service

)

select * from final
