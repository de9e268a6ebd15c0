{#- What lies below the first deployment of a service never ships with it. Where it lies in a directory of an enclosing
    service of the same team that was deployed by then, it is that one's: cutting a service in pieces takes no past along. -#}

with

prefixes_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_held') }}

),

services_listed as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

services_begun as (

    select * from {{ ref('shipworthy', 'int_shipworthy__services_begun') }}

),

-- A service that delivers commits ships whatever lands.
delivering_commits as (

    select distinct service

    from services_listed

    where delivery_unit = 'commit'

),

owned as (

    select distinct
        services_listed.service,
        services_listed.team

    from services_listed

    left join delivering_commits
        on services_listed.service = delivering_commits.service

    where delivering_commits.service is null

),

claims as (

    select distinct
        prefixes_held.repository,
        prefixes_held.path_prefix,
        prefixes_held.service,
        owned.team,
        services_begun.first_position

    from prefixes_held

    inner join owned
        on prefixes_held.service = owned.service

    left join services_begun
        on
            prefixes_held.service = services_begun.service
            and prefixes_held.repository = services_begun.repository

),

-- A directory that passes from one service to another takes in no past of what lies in it.
always_held as (

    select
        repository,
        path_prefix

    from prefixes_held

    group by repository, path_prefix

    having min(service) = max(service)

),

-- One team may own both in several periods.
enclosed as (

    select distinct
        nested.repository,
        nested.path_prefix,
        nested.service,
        enclosing.service as lent_to_service,
        length(enclosing.path_prefix) as enclosing_length,
        enclosing.first_position as from_position,
        nested.first_position as to_position

    from claims as nested

    inner join claims as enclosing
        on
            nested.repository = enclosing.repository
            and nested.team = enclosing.team
            and nested.service <> enclosing.service
            and nested.path_prefix <> enclosing.path_prefix
            and (
                enclosing.path_prefix = ''
                or {{ shipworthy.starts_with('nested.path_prefix', "enclosing.path_prefix || '/'") }}
            )

    inner join always_held
        on
            enclosing.repository = always_held.repository
            and enclosing.path_prefix = always_held.path_prefix

    where enclosing.first_position is not null

),

-- Of several that were deployed by then, the nearest: each until a nearer one begins.
ranked as (

    select
        *,
        min(from_position) over (
            partition by repository, path_prefix, service
            order by enclosing_length desc, lent_to_service asc
            rows between unbounded preceding and 1 preceding
        ) as nearer_from_position

    from enclosed

),

final as (

    select
        repository,
        path_prefix,
        service,
        lent_to_service,
        from_position,
        least(
            coalesce(to_position, nearer_from_position),
            coalesce(nearer_from_position, to_position)
        ) as to_position

    from ranked

    where
        from_position < coalesce(to_position, from_position + 1)
        and from_position < coalesce(nearer_from_position, from_position + 1)

)

select * from final
