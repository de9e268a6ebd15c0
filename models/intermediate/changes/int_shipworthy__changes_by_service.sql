with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

-- Counted lines, moved ones included, say which services a change touches.
touched as (

    select
        repository,
        added_sha as sha,
        service

    from births

    where is_counted

    union

    select
        repository,
        removed_sha as sha,
        removal_service as service

    from deaths

    where is_counted

),

changes_touching as (

    select distinct
        repository,
        sha

    from touched

),

-- A change without counted lines belongs to the whole-repository service, if there is one.
untouching as (

    select
        changes.repository,
        changes.sha,
        service_paths.service,
        row_number() over (
            partition by changes.repository, changes.sha
            order by service_paths.is_listed desc, service_paths.service asc
        ) as preference

    from changes

    inner join service_paths
        on
            changes.repository = service_paths.repository
            and service_paths.path_prefix = ''
            and (
                service_paths.valid_from_on is null
                or service_paths.valid_from_on <= cast(changes.landed_at as date)
            )
            and (
                service_paths.valid_to_on is null
                or cast(changes.landed_at as date) < service_paths.valid_to_on
            )

    left join changes_touching
        on
            changes.repository = changes_touching.repository
            and changes.sha = changes_touching.sha

    where changes_touching.sha is null

),

belonging as (

    select
        repository,
        sha,
        service

    from touched

    union all

    select
        repository,
        sha,
        service

    from untouching

    where preference = 1

),

final as (

    select
        belonging.service,
        belonging.repository,
        belonging.sha,
        changes.mainline_position,
        changes.landed_at

    from belonging

    inner join changes
        on
            belonging.repository = changes.repository
            and belonging.sha = changes.sha

)

select * from final
