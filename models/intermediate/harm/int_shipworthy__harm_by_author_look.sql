{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set keys = 'team, is_organisation, person_key' %}
{%- set lengths = shipworthy.window('looks') %}

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

newest as (

    select
        team,
        is_organisation,
        max(week_start_on) as last_week_start_on

    from looks

    group by team, is_organisation

),

active as (

    select
        held.team,
        held.is_organisation,
        held.person_key,
        min(held.week_start_on) as first_week_start_on,
        least(
            {{ shipworthy.weeks_before('max(held.week_start_on)', 1 - (lengths | max)) }},
            max(newest.last_week_start_on)
        ) as last_week_start_on

    from held

    inner join newest
        on
            held.team = newest.team
            and held.is_organisation = newest.is_organisation

    group by held.team, held.is_organisation, held.person_key

),

weeks as (

    select
        {{ keys }},
        {{ shipworthy.weeks_between('first_week_start_on', 'last_week_start_on') | indent(8) }} as week_start_on

    from active

),

-- Every week has a row from here on, so that so many rows are so many weeks.
filled as (

    select
        weeks.team,
        weeks.is_organisation,
        weeks.person_key,
        weeks.week_start_on,
        coalesce(held.ai_held_lines, 0.0) as ai_held_lines,
        coalesce(held.human_held_lines, 0.0) as human_held_lines

    from weeks

    left join held
        on
            weeks.team = held.team
            and weeks.is_organisation = held.is_organisation
            and weeks.person_key = held.person_key
            and weeks.week_start_on = held.week_start_on

),

summed as (
    {% for length in lengths %}
    select
        {{ keys }},
        week_start_on,
        {{ length }} as window_weeks,
        {%- for side in ('ai', 'human') %}
        sum({{ side }}_held_lines) over (
            partition by {{ keys }}
            order by week_start_on
            rows between {{ length - 1 }} preceding and current row
        ) as {{ side }}_held_lines{{ ',' if not loop.last }}
        {%- endfor %}

    from filled
    {{ "union all" if not loop.last }}
    {% endfor %}
),


parts as (

    select
        team,
        is_organisation,
        week_start_on,
        window_weeks,
        person_key,
        ai_held_lines,
        human_held_lines,
        0.0 as ai_fixed_lines,
        0.0 as human_fixed_lines

    from summed

    where ai_held_lines + human_held_lines > 0

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
        {{ keys }},
        week_start_on,
        window_weeks,
        {%- for measure in ('ai_held_lines', 'human_held_lines', 'ai_fixed_lines', 'human_fixed_lines') %}
        cast(sum({{ measure }}) as {{ shipworthy.type_double() }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from parts

    group by {{ keys }}, week_start_on, window_weeks

)

select * from final
