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
placed as (

    select
        timed.deployment_id,
        timed.service as named_service,
        timed.kind,
        timed.source,
        timed.sha,
        timed.is_rollback as is_rollback_by_source,
        timed.deployed_at,
        timed.began_at,
        case
            when as_of.has_services
                then coalesce(timed.service, whole_repository_services.service, timed.repository, 'unassigned')
            else coalesce(timed.repository, timed.service, 'unassigned')
        end as service,
        coalesce(timed.repository, listed_services.repository, timed.service, 'unassigned') as repository,
        as_of.has_services and listed_services.service is null as is_unlisted

    from timed

    cross join as_of

    left join listed_services
        on timed.service = listed_services.service

    left join whole_repository_services
        on timed.repository = whole_repository_services.repository

    where timed.deployed_at <= as_of.as_of_at

)

select * from placed
