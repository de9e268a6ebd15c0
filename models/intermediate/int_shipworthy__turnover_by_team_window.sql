{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_change') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- The organisation is computed from changes like a team: never from rows of teams. A change enters when it was watched
-- for the whole window: one in a stale clone may be gone by now.
by_team as (
    {% for team, is_organisation in [('team', 'false'), ("'all teams'", 'true')] %}
    select
        {{ team }} as team,
        {{ is_organisation }} as is_organisation,
        repository,
        added_sha,
        authorship,
        week_start_on,
        known_through,
        watched_days >= {{ window_days }} as is_watched,
        lines_added,
        lines_removed,
        tagged_lines

    from changes

    where age_days >= {{ window_days }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

watched as (

    select * from by_team

    where is_watched

),

unwatched as (

    select distinct
        team,
        is_organisation,
        repository,
        week_start_on

    from by_team

    where not is_watched

),

teams as (

    select
        team,
        is_organisation,
        min(week_start_on) as first_week_start_on,
        max(known_through) as known_through

    from watched

    group by team, is_organisation

),

weeks as (

    select
        teams.team,
        teams.is_organisation,
        teams.known_through,
        {{ shipworthy.weeks_between(
            'teams.first_week_start_on', shipworthy.week_start_on('as_of.as_of_at')
        ) | indent(8) }} as week_start_on

    from teams

    cross join as_of

),

mature_weeks as (

    select
        *,
        max(week_start_on) over (partition by team, is_organisation) as newest_week_start_on

    from weeks

    where {{ shipworthy.add_days('cast(week_start_on as timestamp)', 7 + window_days) }} <= known_through

),

-- Where twelve weeks are too few for a verdict, the headline looks further back.
looks as (
    {% for window_weeks in [shipworthy.window('compared_weeks')] + shipworthy.window('longer_looks') %}
    select
        team,
        is_organisation,
        week_start_on,
        {{ window_weeks }} as window_weeks,
        {{ shipworthy.weeks_before('week_start_on', window_weeks - 1) }} as window_start_on

    from mature_weeks
    {% if not loop.first %}
    where
        is_organisation
        and week_start_on = newest_week_start_on
    {% endif %}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- What nobody could watch to the end is left out, and counted.
left_out as (

    select
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        count(distinct unwatched.repository) as lagging_repositories

    from looks

    inner join unwatched
        on
            looks.team = unwatched.team
            and looks.is_organisation = unwatched.is_organisation
            and unwatched.week_start_on >= looks.window_start_on
            and unwatched.week_start_on <= looks.week_start_on

    group by looks.team, looks.is_organisation, looks.week_start_on, looks.window_weeks

),

-- A change that stands in several rows (services, weeks) is one unit here.
units as (

    select
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        looks.window_start_on,
        watched.authorship,
        watched.repository,
        watched.added_sha,
        sum(watched.lines_added) as lines_added,
        sum(watched.lines_removed) as lines_removed,
        sum(watched.tagged_lines) as tagged_lines

    from looks

    left join watched
        on
            looks.team = watched.team
            and looks.is_organisation = watched.is_organisation
            and watched.week_start_on >= looks.window_start_on
            and watched.week_start_on <= looks.week_start_on

    group by
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        looks.window_start_on,
        watched.authorship,
        watched.repository,
        watched.added_sha

),

capped as (

    select
        *,
        {{ shipworthy.capped_lines('lines_added', 'lines_added') }} as capped_lines_added,
        {{ shipworthy.capped_lines('lines_removed', 'lines_added') }} as capped_lines_removed

    from units

),

final as (

    select
        capped.team,
        capped.is_organisation,
        capped.week_start_on,
        capped.window_weeks,
        capped.window_start_on,
        coalesce(capped.authorship, 'none') as authorship,
        cast(coalesce(sum(capped.lines_added), 0) as {{ dbt.type_bigint() }}) as lines_added,
        cast(coalesce(sum(capped.lines_removed), 0) as {{ dbt.type_bigint() }}) as lines_removed,
        cast(coalesce(sum(capped.tagged_lines), 0) as {{ dbt.type_bigint() }}) as tagged_lines,
        sum(capped.capped_lines_added) as capped_lines_added,
        sum(capped.capped_lines_removed) as capped_lines_removed,
        {{ shipworthy.effective_changes('capped.capped_lines_added') }} as effective_changes,
        cast(coalesce(max(left_out.lagging_repositories), 0) as {{ dbt.type_bigint() }}) as lagging_repositories

    from capped

    left join left_out
        on
            capped.team = left_out.team
            and capped.is_organisation = left_out.is_organisation
            and capped.week_start_on = left_out.week_start_on
            and capped.window_weeks = left_out.window_weeks

    group by
        capped.team,
        capped.is_organisation,
        capped.week_start_on,
        capped.window_weeks,
        capped.window_start_on,
        capped.authorship

)

select * from final
