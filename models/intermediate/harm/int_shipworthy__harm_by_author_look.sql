{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

-- noqa: disable=LT02
with

held_lines as (

    select * from {{ ref('shipworthy', 'int_shipworthy__held_lines_by_author') }}

),

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

    where immature_reason is null

),

fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__fixes_seen') }}

),

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_by_look') }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

drivers as (

    select * from {{ ref('shipworthy', 'int_shipworthy__drivers_by_change') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

-- Behind an agent stands who drove it; whose author nobody knows is an author of its own.
people as (

    select
        authors.repository,
        authors.change_sha,
        authors.author_sha,
        coalesce(
            case when authors.author_kind = 'agent' then drivers.person_key end,
            authors.person_key,
            authors.repository || ' ' || authors.author_sha
        ) as person_key

    from authors

    left join drivers
        on
            authors.repository = drivers.repository
            and authors.change_sha = drivers.sha

),

held as (

    select
        {{ shipworthy.team_or_all('releases.team') }} as team,
        scopes.is_organisation,
        people.person_key,
        releases.week_start_on,
        sum(case when held_lines.authorship = 'ai' then held_lines.held_lines else 0.0 end) as ai_held_lines,
        sum(case when held_lines.authorship = 'human' then held_lines.held_lines else 0.0 end) as human_held_lines

    from held_lines

    inner join releases
        on held_lines.release_id = releases.release_id

    inner join people
        on
            held_lines.repository = people.repository
            and held_lines.sha = people.change_sha
            and held_lines.author_sha = people.author_sha

    cross join scopes

    group by
        {{ shipworthy.team_or_all('releases.team') }},
        scopes.is_organisation,
        people.person_key,
        releases.week_start_on

),

held_numbered as (

    select
        *,
        dense_rank() over (order by team, is_organisation, person_key) as series_number

    from held

),

{{ shipworthy.summed_over_looks(
    'held_numbered',
    'looks',
    ['team', 'is_organisation', 'person_key', 'series_number'],
    ['series_number'],
    ['ai_held_lines', 'human_held_lines'],
    seen=['ai_held_lines', 'human_held_lines']
) }},

parts as (

    select
        series.team,
        series.is_organisation,
        looked_at.week_start_on,
        looked_at.window_weeks,
        series.person_key,
        looked_at.ai_held_lines,
        looked_at.human_held_lines,
        0.0 as ai_fixed_lines,
        0.0 as human_fixed_lines

    from looked_at

    inner join series
        on looked_at.series_number = series.series_number

    union all

    select
        fixes.team,
        fixes.is_organisation,
        fixes.week_start_on,
        fixes.window_weeks,
        people.person_key,
        0.0 as ai_held_lines,
        0.0 as human_held_lines,
        fixes.ai_capped_lines as ai_fixed_lines,
        fixes.human_capped_lines as human_fixed_lines

    from fixes

    inner join people
        on
            fixes.repository = people.repository
            and fixes.added_sha = people.change_sha
            and fixes.author_sha = people.author_sha

),

final as (

    select
        team,
        is_organisation,
        person_key,
        week_start_on,
        window_weeks,
        {%- for measure in ('ai_held_lines', 'human_held_lines', 'ai_fixed_lines', 'human_fixed_lines') %}
        cast(sum({{ measure }}) as {{ shipworthy.type_double() }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from parts

    group by team, is_organisation, person_key, week_start_on, window_weeks

)

select * from final
