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

prefixes_matched as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_matched') }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

prefixes_held as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_held') }}

),

prefixes_lent as (

    select * from {{ ref('shipworthy', 'int_shipworthy__prefixes_lent') }}

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
        added_sha as change_sha,
        author_sha

    from line_births

    union distinct

    -- who removes a line is the author of the change
    select
        repository,
        path,
        removed_sha as change_sha,
        removed_sha as author_sha

    from line_deaths

),

dated as (

    select
        touched.repository,
        touched.path,
        touched.change_sha,
        touched.author_sha,
        cast(changes.landed_at as date) as landed_on,
        changes.mainline_position,
        authors.author_team

    from touched

    inner join changes
        on
            touched.repository = changes.repository
            and touched.change_sha = changes.sha

    left join authors
        on
            touched.repository = authors.repository
            and touched.change_sha = authors.change_sha
            and touched.author_sha = authors.author_sha

),

-- Where services of several teams claim a path, the claim of who wrote the line's team goes before longer ones.
claimed_by_own_team as (

    select
        dated.repository,
        dated.path,
        dated.change_sha,
        dated.author_sha,
        max(prefixes_matched.prefix_length) as prefix_length

    from dated

    inner join prefixes_matched
        on
            dated.repository = prefixes_matched.repository
            and dated.path = prefixes_matched.path
            and prefixes_matched.prefixes > 1

    inner join prefixes_held
        on
            prefixes_matched.repository = prefixes_held.repository
            and prefixes_matched.path_prefix = prefixes_held.path_prefix
            and {{ shipworthy.is_valid_on('prefixes_held', 'dated.landed_on') }}

    inner join services_listed
        on
            prefixes_held.service = services_listed.service
            and dated.author_team = services_listed.team
            and {{ shipworthy.is_valid_on('services_listed', 'dated.landed_on') }}

    group by dated.repository, dated.path, dated.change_sha, dated.author_sha

),

-- What no listed service has belongs to the unlisted one.
unlisted as (

    {{ shipworthy.unlisted_services('service_paths') | indent(4) }}

),

assigned as (

    select
        dated.repository,
        dated.path,
        dated.change_sha,
        dated.author_sha,
        dated.landed_on,
        coalesce(prefixes_lent.lent_to_service, prefixes_held.service, unlisted.service) as service

    from dated

    left join prefixes_matched as longest
        on
            dated.repository = longest.repository
            and dated.path = longest.path
            and longest.is_longest

    left join claimed_by_own_team
        on
            dated.repository = claimed_by_own_team.repository
            and dated.path = claimed_by_own_team.path
            and dated.change_sha = claimed_by_own_team.change_sha
            and dated.author_sha = claimed_by_own_team.author_sha

    left join prefixes_held
        on
            longest.repository = prefixes_held.repository
            and substring(longest.path, 1, coalesce(claimed_by_own_team.prefix_length, longest.prefix_length))
            = prefixes_held.path_prefix
            and {{ shipworthy.is_valid_on('prefixes_held', 'dated.landed_on') }}

    left join prefixes_lent
        on
            prefixes_held.repository = prefixes_lent.repository
            and prefixes_held.path_prefix = prefixes_lent.path_prefix
            and prefixes_held.service = prefixes_lent.service
            and dated.mainline_position >= prefixes_lent.from_position
            and (dated.mainline_position < prefixes_lent.to_position or prefixes_lent.to_position is null)

    left join unlisted
        on dated.repository = unlisted.repository

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
        assigned.author_sha,
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
