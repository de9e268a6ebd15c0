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

prefixes_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_held') }}

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

    union distinct

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

-- A change without counted lines belongs to the whole-repository service, if there is one: a listed one before others.
unlisted as (

    {{ shipworthy.unlisted_services('service_paths') | indent(4) }}

),

untouching as (

    select
        changes.repository,
        changes.sha,
        coalesce(prefixes_held.service, unlisted.service) as service

    from changes

    left join prefixes_held
        on
            changes.repository = prefixes_held.repository
            and prefixes_held.path_prefix = ''
            and {{ shipworthy.is_valid_on('prefixes_held', 'cast(changes.landed_at as date)') }}

    left join unlisted
        on changes.repository = unlisted.repository

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

    where service is not null

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
