{#- Lines removed just after the turnover window beside those removed just before it, of cohorts of twelve weeks: what
    the signals of late removals look at, each with stretches of its own. -#}

{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}
{%- set days_around = {
    'late_turnover': {'before': 7, 'after': 7},
    'late_removals': {'before': 14, 'after': window_days},
} -%}

with

added as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_added_by_team_week') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

    where
        is_counted
        and not birth_is_moved
        and not is_moved

),

-- From a first day of age up to the window, and from there up to an end day.
stretches as (
    {% for what, days in days_around.items() %}
    select
        '{{ what }}' as what,
        {{ [window_days - days['before'], 0] | max }} as first_day,
        {{ window_days + days['after'] }} as end_day
    {{ "union all" if not loop.last }}
    {% endfor %}
),

removed as (

    select
        stretches.what,
        deaths.birth_team as team,
        {{ shipworthy.week_start_on('deaths.landed_at') }} as week_start_on,
        sum(case when deaths.age_days < stretches.first_day then deaths.lines else 0 end) as removed_early,
        sum(
            case
                when deaths.age_days >= stretches.first_day and deaths.age_days < {{ window_days }} then deaths.lines
                else 0
            end
        ) as removed_before,
        sum(
            case
                when deaths.age_days >= {{ window_days }} and deaths.age_days < stretches.end_day then deaths.lines
                else 0
            end
        ) as removed_late

    from deaths

    cross join stretches

    group by stretches.what, deaths.birth_team, {{ shipworthy.week_start_on('deaths.landed_at') }}

),

-- Removals of neighbouring weeks are few, so cohorts of twelve weeks are taken together.
looked_back_on as (

    select
        stretches.what,
        stretches.first_day,
        stretches.end_day,
        added.team,
        {{ shipworthy.weeks_looking_back('added.week_start_on', shipworthy.window('compared_weeks')) | indent(8) }}
            as week_start_on,
        coalesce(removed.removed_before, 0) as removed_before,
        added.lines_added - coalesce(removed.removed_early, 0) as at_risk_before,
        coalesce(removed.removed_late, 0) as removed_late,
        added.lines_added - coalesce(removed.removed_early, 0) - coalesce(removed.removed_before, 0) as at_risk_late

    from added

    cross join stretches

    left join removed
        on
            stretches.what = removed.what
            and added.team = removed.team
            and added.week_start_on = removed.week_start_on

),

final as (

    select
        what,
        team,
        week_start_on,
        first_day,
        end_day,
        cast(sum(removed_before) as {{ shipworthy.type_double() }}) as removed_before,
        cast(sum(at_risk_before) as {{ shipworthy.type_double() }}) as at_risk_before,
        cast(sum(removed_late) as {{ shipworthy.type_double() }}) as removed_late,
        cast(sum(at_risk_late) as {{ shipworthy.type_double() }}) as at_risk_late

    from looked_back_on

    group by what, team, week_start_on, first_day, end_day

)

select * from final
