with

line_births as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

line_deaths as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_deaths') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

prefixes_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_held') }}

),

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

touched as (

    select
        repository,
        path,
        added_sha as change_sha

    from line_births

    union distinct

    select
        repository,
        path,
        removed_sha as change_sha

    from line_deaths

),

paths as (

    select distinct
        repository,
        path

    from touched

),

prefixes as (

    select distinct
        repository,
        path_prefix

    from prefixes_held

),

-- The longest prefix that ends at a directory's border wins.
longest as (

    select
        paths.repository,
        paths.path,
        max(length(prefixes.path_prefix)) as prefix_length

    from paths

    inner join prefixes
        on
            paths.repository = prefixes.repository
            and (
                prefixes.path_prefix = ''
                or paths.path = prefixes.path_prefix
                or {{ shipworthy.starts_with('paths.path', "prefixes.path_prefix || '/'") }}
            )

    group by paths.repository, paths.path

),

-- What no listed service has belongs to the unlisted one of the repository; of several, to the first by name.
unlisted as (

    select
        repository,
        min(service) as service

    from service_paths

    where not is_listed

    group by repository

),

assigned as (

    select
        touched.repository,
        touched.path,
        touched.change_sha,
        cast(changes.landed_at as date) as landed_on,
        coalesce(prefixes_held.service, unlisted.service) as service

    from touched

    inner join changes
        on
            touched.repository = changes.repository
            and touched.change_sha = changes.sha

    left join longest
        on
            touched.repository = longest.repository
            and touched.path = longest.path

    left join prefixes_held
        on
            longest.repository = prefixes_held.repository
            and substring(longest.path, 1, longest.prefix_length) = prefixes_held.path_prefix
            and {{ shipworthy.is_valid_on('prefixes_held', 'cast(changes.landed_at as date)') }}

    left join unlisted
        on
            touched.repository = unlisted.repository
            and longest.repository is null

),

service_days as (

    select distinct
        service,
        landed_on

    from assigned

),

-- A service outside its periods belongs to its repository's team.
owners as (

    select
        service_days.service,
        service_days.landed_on,
        min(services_listed.team) as team

    from service_days

    inner join services_listed
        on
            service_days.service = services_listed.service
            and {{ shipworthy.is_valid_on('services_listed', 'service_days.landed_on') }}

    group by service_days.service, service_days.landed_on

),

final as (

    select
        assigned.repository,
        assigned.path,
        assigned.change_sha,
        assigned.service,
        coalesce(owners.team, assigned.repository) as team

    from assigned

    left join owners
        on
            assigned.service = owners.service
            and assigned.landed_on = owners.landed_on

    where assigned.service is not null

)

select * from final
