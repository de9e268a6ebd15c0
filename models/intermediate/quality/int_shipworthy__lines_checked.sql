{%- set line_births_checks = [
    ['no_change', 'change_sha is null', 'left_out', 'lines of a commit that is not on the mainline or not loaded'],
    ['unknown_author_commit', 'author_commit_sha is null', 'handled', 'the author of the lines is unknown'],
    ['no_lines', 'lines is null', 'left_out', 'adds nothing, and nothing of it is removed']
] -%}
{%- set line_deaths_checks = [
    ['no_birth', 'lines_born is null', 'left_out', 'lines that were never added'],
    ['more_than_born', 'lines_died > lines_born', 'left_out', 'more removed than added: from that removal on, all are left out'],
    ['no_removing_change', 'removing_sha is null', 'left_out', 'removed by a commit that is not on the mainline or not loaded'],
    ['removed_before_added', 'removing_position <= adding_position', 'as_is', 'an age of 0 days or less'],
    ['no_lines', 'lines is null', 'left_out', 'removes nothing']
] -%}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

line_births as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

line_deaths as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_deaths') }}

),

commits as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

changes as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

-- What lands after as_of is not there yet, and no defect.
landing_later as (

    select
        commits.repository,
        commits.sha

    from commits

    cross join as_of

    where commits.landed_at > as_of.as_of_at

),

line_births_checked as (

    select
        line_births.*,
        changes.sha as change_sha,
        authors.sha as author_commit_sha

    from line_births

    left join landing_later
        on
            line_births.repository = landing_later.repository
            and line_births.added_sha = landing_later.sha

    left join changes
        on
            line_births.repository = changes.repository
            and line_births.added_sha = changes.sha

    left join commits as authors
        on
            line_births.repository = authors.repository
            and line_births.author_sha = authors.sha

    where landing_later.sha is null

),

line_deaths_checked as (

    select
        line_deaths.*,
        case when born.path is not null then coalesce(born.lines, 0) end as lines_born,
        sum(line_deaths.lines) over (
            partition by
                line_deaths.repository,
                line_deaths.added_sha,
                line_deaths.path,
                line_deaths.author_sha,
                line_deaths.authorship,
                coalesce(line_deaths.birth_is_moved, false)
            order by changes.mainline_position, line_deaths.removed_sha, coalesce(line_deaths.is_moved, false)
            rows between unbounded preceding and current row
        ) as lines_died,
        changes.sha as removing_sha,
        changes.mainline_position as removing_position,
        adding.mainline_position as adding_position

    from line_deaths

    left join landing_later
        on
            line_deaths.repository = landing_later.repository
            and line_deaths.removed_sha = landing_later.sha

    left join changes
        on
            line_deaths.repository = changes.repository
            and line_deaths.removed_sha = changes.sha

    left join changes as adding
        on
            line_deaths.repository = adding.repository
            and line_deaths.added_sha = adding.sha

    left join line_births as born
        on
            line_deaths.repository = born.repository
            and line_deaths.added_sha = born.added_sha
            and line_deaths.path = born.path
            and line_deaths.author_sha = born.author_sha
            and line_deaths.authorship = born.authorship
            and coalesce(line_deaths.birth_is_moved, false) = coalesce(born.is_moved, false)

    where landing_later.sha is null

),

final as (

    {{ shipworthy.quality_checks(
        'line_births', "repository || ' ' || added_sha || ' ' || path", line_births_checks
    ) | indent(4) }}

    union all

    {{ shipworthy.quality_checks(
        'line_deaths', "repository || ' ' || added_sha || ' ' || path", line_deaths_checks
    ) | indent(4) }}

)

select * from final
