with

line_births as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__paths_assigned') }}

),

path_classes as (

    select * from {{ ref('shipworthy', 'shipworthy__path_classes') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

final as (

    select
        ---------- key, as recorded
        line_births.repository,
        line_births.added_sha,
        line_births.path,
        line_births.author_sha,
        line_births.authorship as recorded_authorship,
        coalesce(line_births.is_moved, false) as recorded_is_moved,

        ---------- where
        line_births.path_class,
        coalesce(path_classes.is_counted, true) as is_counted,
        coalesce(path_classes.held_line_weight, 1.0) as held_line_weight,
        coalesce(paths.service, 'unassigned') as service,

        ---------- who
        coalesce(authors.author_team, paths.team, line_births.repository) as team,
        {{ shipworthy.read_authorship(
            'line_births.authorship',
            'changes.landed_at',
            'authors.person_key',
            'authors.used_ai_before_landing',
            'as_of.has_ai_usage'
        ) | indent(8) }} as authorship,

        ---------- when
        changes.landed_at,
        changes.mainline_position,

        ---------- what
        {% if var('shipworthy__moves_count') -%}
        false
        {%- else -%}
        coalesce(line_births.is_moved, false)
        {%- endif %} as is_moved,
        line_births.is_refilled,
        {% if var('shipworthy__moves_count') -%}
        not coalesce(line_births.is_refilled, false)
        {%- else -%}
        not coalesce(line_births.is_moved, false) and not coalesce(line_births.is_refilled, false)
        {%- endif %} as is_new,
        line_births.lines

    from line_births

    inner join changes
        on
            line_births.repository = changes.repository
            and line_births.added_sha = changes.sha

    left join authors
        on
            line_births.repository = authors.repository
            and line_births.added_sha = authors.change_sha
            and line_births.author_sha = authors.author_sha

    left join paths
        on
            line_births.repository = paths.repository
            and line_births.path = paths.path
            and line_births.added_sha = paths.change_sha
            and line_births.author_sha = paths.author_sha

    left join path_classes
        on line_births.path_class = path_classes.path_class

    cross join as_of

    -- Of an unknown number of lines nobody can say how many were removed.
    where line_births.lines is not null

)

select * from final
