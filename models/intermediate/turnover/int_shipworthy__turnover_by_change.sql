{%- set window_days = var('shipworthy__turnover_window_days') -%}

with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

repositories_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__repositories_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

added as (

    select
        repository,
        added_sha,
        author_sha,
        service,
        team,
        authorship,
        landed_at,
        sum(lines) as lines_added,
        sum(case when recorded_authorship <> 'untagged' then lines else 0 end) as tagged_lines

    from births

    where
        is_counted
        and not is_moved

    group by repository, added_sha, author_sha, service, team, authorship, landed_at

),

removed as (

    select
        repository,
        added_sha,
        author_sha,
        birth_service as service,
        birth_team as team,
        authorship,
        sum(case when age_days < {{ window_days }} then lines else 0 end) as lines_removed,
        sum(case when age_days < {{ window_days }} and removal_team = birth_team then lines else 0 end)
            as lines_removed_by_own_team,
        sum(case when age_days < 14 then lines else 0 end) as lines_removed_14_days,
        sum(case when age_days < 90 then lines else 0 end) as lines_removed_90_days

    from deaths

    where
        is_counted
        and not birth_is_moved
        and not is_moved

    group by repository, added_sha, author_sha, birth_service, birth_team, authorship

),

final as (

    select
        added.repository,
        added.added_sha,
        added.author_sha,
        added.service,
        added.team,
        added.authorship,
        added.landed_at,
        {{ shipworthy.week_start_on('added.landed_at') }} as week_start_on,
        {{ shipworthy.age_days('added.landed_at', 'as_of.as_of_at') }} as age_days,
        {{ shipworthy.age_days(
            'added.landed_at', 'least(as_of.as_of_at, repositories_known.code_known_through)'
        ) | indent(8) }} as watched_days,
        least(as_of.as_of_at, repositories_known.code_known_through) as known_through,
        cast(added.lines_added as {{ dbt.type_bigint() }}) as lines_added,
        cast(added.tagged_lines as {{ dbt.type_bigint() }}) as tagged_lines,
        cast(coalesce(removed.lines_removed, 0) as {{ dbt.type_bigint() }}) as lines_removed,
        cast(coalesce(removed.lines_removed_by_own_team, 0) as {{ dbt.type_bigint() }}) as lines_removed_by_own_team,
        cast(coalesce(removed.lines_removed_14_days, 0) as {{ dbt.type_bigint() }}) as lines_removed_14_days,
        cast(coalesce(removed.lines_removed_90_days, 0) as {{ dbt.type_bigint() }}) as lines_removed_90_days

    from added

    cross join as_of

    left join repositories_known
        on added.repository = repositories_known.repository

    left join removed
        on
            added.repository = removed.repository
            and added.added_sha = removed.added_sha
            and added.author_sha = removed.author_sha
            and added.service = removed.service
            and added.team = removed.team
            and added.authorship = removed.authorship

)

select * from final
