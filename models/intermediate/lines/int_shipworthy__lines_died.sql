with

line_deaths as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_deaths') }}

),

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__paths_assigned') }}

),

removals as (

    select
        ---------- key, as recorded
        births.repository,
        births.added_sha,
        births.path,
        births.author_sha,
        births.recorded_authorship,
        births.recorded_is_moved,
        line_deaths.removed_sha,
        coalesce(line_deaths.is_moved, false) as recorded_death_is_moved,

        ---------- the line
        births.path_class,
        births.is_counted,
        births.held_line_weight,
        births.service as birth_service,
        births.team as birth_team,
        births.authorship,
        births.landed_at,
        births.is_moved as birth_is_moved,
        births.is_new as birth_is_new,

        ---------- its removal
        removing.landed_at as removed_at,
        coalesce(paths.service, 'unassigned') as removal_service,
        coalesce(removing.author_team, paths.team, births.repository) as removal_team,
        {{ shipworthy.age_days('births.landed_at', 'removing.landed_at') }} as age_days,
        {% if var('shipworthy__moves_count') -%}
        false
        {%- else -%}
        coalesce(line_deaths.is_moved, false)
        {%- endif %} as is_moved,
        line_deaths.lines,
        births.lines as lines_born,
        sum(line_deaths.lines) over (
            partition by
                births.repository,
                births.added_sha,
                births.path,
                births.author_sha,
                births.recorded_authorship,
                births.recorded_is_moved
            order by removing.mainline_position, line_deaths.removed_sha, coalesce(line_deaths.is_moved, false)
            rows between unbounded preceding and current row
        ) as lines_died

    from line_deaths

    inner join births
        on
            line_deaths.repository = births.repository
            and line_deaths.added_sha = births.added_sha
            and line_deaths.path = births.path
            and line_deaths.author_sha = births.author_sha
            and line_deaths.authorship = births.recorded_authorship
            and coalesce(line_deaths.birth_is_moved, false) = births.recorded_is_moved

    inner join changes as removing
        on
            line_deaths.repository = removing.repository
            and line_deaths.removed_sha = removing.sha

    left join paths
        on
            line_deaths.repository = paths.repository
            and line_deaths.path = paths.path
            and line_deaths.removed_sha = paths.change_sha
            and line_deaths.removed_sha = paths.author_sha

),

-- Nobody can remove more than was added: from the first removal on that would, all are left out. One without lines
-- removes nothing.
final as (

    select
        repository,
        added_sha,
        path,
        author_sha,
        recorded_authorship,
        recorded_is_moved,
        removed_sha,
        recorded_death_is_moved,
        path_class,
        is_counted,
        held_line_weight,
        birth_service,
        birth_team,
        authorship,
        landed_at,
        birth_is_moved,
        birth_is_new,
        removed_at,
        removal_service,
        removal_team,
        age_days,
        is_moved,
        lines

    from removals

    where
        lines is not null
        and lines_died <= lines_born

)

select * from final
