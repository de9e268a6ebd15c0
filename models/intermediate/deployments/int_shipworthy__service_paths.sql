with

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_successful') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

listed as (

    select
        service,
        repository,
        path_prefix,
        team,
        delivery_unit,
        valid_from_on,
        valid_to_on,
        true as is_listed,
        false as is_slip

    from services_listed

),

deployed as (

    select
        service,
        repository,
        is_unlisted,
        count(*) as deployment_count,
        sum(count(*)) over (partition by repository) as repository_deployment_count

    from deployments

    group by service, repository, is_unlisted

),

-- Less than one of a hundred deployments of a repository is a slip of a name.
unlisted as (

    select
        deployed.service,
        deployed.repository,
        '' as path_prefix,
        deployed.repository as team,
        'deployment' as delivery_unit,
        cast(null as date) as valid_from_on,
        cast(null as date) as valid_to_on,
        false as is_listed,
        deployed.deployment_count * 100 < deployed.repository_deployment_count as is_slip

    from deployed

    where deployed.is_unlisted

),

-- Without a services table each repository is one service and one team of its name.
repositories as (

    select distinct repository from commits

    union distinct

    select distinct repository from deployments

),

whole_repositories as (

    select
        repositories.repository as service,
        repositories.repository,
        '' as path_prefix,
        repositories.repository as team,
        'deployment' as delivery_unit,
        cast(null as date) as valid_from_on,
        cast(null as date) as valid_to_on,
        false as is_listed,
        false as is_slip

    from repositories

    cross join as_of

    where not as_of.has_services

),

-- A listed whole-repository service keeps its paths from an unlisted one.
final as (

    select * from listed

    union all

    select * from unlisted

    union all

    select * from whole_repositories

)

select * from final
