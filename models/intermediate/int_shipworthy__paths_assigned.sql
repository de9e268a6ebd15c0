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

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

touched as (

    select
        repository,
        path,
        added_sha as change_sha

    from line_births

    union

    select
        repository,
        path,
        removed_sha as change_sha

    from line_deaths

),

candidates as (

    select
        touched.repository,
        touched.path,
        touched.change_sha,
        service_paths.service,
        service_paths.team,
        row_number() over (
            partition by touched.repository, touched.path, touched.change_sha
            order by length(service_paths.path_prefix) desc, service_paths.is_listed desc, service_paths.service asc
        ) as preference

    from touched

    inner join changes
        on
            touched.repository = changes.repository
            and touched.change_sha = changes.sha

    inner join service_paths
        on
            touched.repository = service_paths.repository
            and (
                service_paths.path_prefix = ''
                or touched.path = service_paths.path_prefix
                or {{ shipworthy.starts_with('touched.path', "service_paths.path_prefix || '/'") }}
            )
            and (
                service_paths.valid_from_on is null
                or service_paths.valid_from_on <= cast(changes.landed_at as date)
            )
            and (
                service_paths.valid_to_on is null
                or cast(changes.landed_at as date) < service_paths.valid_to_on
            )

),

-- The longest prefix wins.
final as (

    select
        repository,
        path,
        change_sha,
        service,
        team

    from candidates

    where preference = 1

)

select * from final
