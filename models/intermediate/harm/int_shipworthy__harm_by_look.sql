{%- set looks = shipworthy.window('looks') -%}
{%- set window_hours = shipworthy.checked_variable('shipworthy__release_window_hours') -%}
{%- set judged_after_hours = [
    24 * shipworthy.checked_variable('shipworthy__turnover_window_days'),
    shipworthy.checked_variable('shipworthy__incident_attribution_hours')
] | max -%}

-- noqa: disable=LT02
with

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

scoped as (

    select
        {{ shipworthy.team_or_all('releases.team') }} as team,
        scopes.is_organisation,
        releases.week_start_on,
        releases.release_id,
        releases.immature_reason is null as is_mature,
        releases.is_failed,
        releases.ai_held_lines,
        releases.human_held_lines,
        releases.ai_held_lines / nullif(releases.ai_held_lines + releases.human_held_lines, 0) as ai_part

    from releases

    cross join scopes

),

by_week as (

    select
        team,
        is_organisation,
        week_start_on,
        sum(case when is_mature then 1 else 0 end) as releases,
        sum(case when is_mature then 0 else 1 end) as releases_left_out,
        sum(case when is_mature then ai_held_lines else 0.0 end) as ai_held_lines,
        sum(case when is_mature then human_held_lines else 0.0 end) as human_held_lines,
        sum(case when is_mature and is_failed and ai_part is not null then 1 else 0 end) as failed_releases,
        sum(case when is_mature and is_failed and ai_part is null then 1 else 0 end) as failed_releases_without_lines,
        sum(case when is_mature and is_failed then coalesce(ai_part, 0.0) else 0.0 end) as ai_failed_releases,
        sum(case when is_mature and is_failed then coalesce(1.0 - ai_part, 0.0) else 0.0 end)
            as human_failed_releases

    from scoped

    group by team, is_organisation, week_start_on

),

teams as (

    select
        team,
        is_organisation,
        min(week_start_on) as first_week_start_on

    from by_week

    where releases > 0

    group by team, is_organisation

),

weeks as (

    select
        teams.team,
        teams.is_organisation,
        {{ shipworthy.weeks_between(
            'teams.first_week_start_on', shipworthy.week_start_on('as_of.as_of_at')
        ) | indent(8) }} as week_start_on,
        as_of.as_of_at

    from teams

    cross join as_of

),

looks as (
    {% for window_weeks in looks %}
    select
        team,
        is_organisation,
        week_start_on,
        {{ window_weeks }} as window_weeks,
        {{ shipworthy.weeks_before('week_start_on', window_weeks - 1) }} as window_start_on

    from weeks

    where
        {{ shipworthy.add_hours('cast(week_start_on as timestamp)', 7 * 24 + window_hours + judged_after_hours) }}
        <= as_of_at
    {{ "union all" if not loop.last }}
    {% endfor %}
),

looked_back_on as (

    select
        by_week.*,
        {{ shipworthy.weeks_looking_back('by_week.week_start_on', looks | max) | indent(8) }} as look_week_start_on

    from by_week

),

final as (

    select
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        looks.window_start_on,
        {%- for column in (
            'releases', 'releases_left_out', 'ai_held_lines', 'human_held_lines', 'failed_releases',
            'failed_releases_without_lines', 'ai_failed_releases', 'human_failed_releases'
        ) %}
        cast(
            sum(looked_back_on.{{ column }}) as
            {{ dbt.type_bigint() if 'ai_' not in column and 'human_' not in column else shipworthy.type_double() }}
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from looks

    inner join looked_back_on
        on
            looks.team = looked_back_on.team
            and looks.is_organisation = looked_back_on.is_organisation
            and looks.week_start_on = looked_back_on.look_week_start_on
            and looks.window_start_on <= looked_back_on.week_start_on

    group by looks.team, looks.is_organisation, looks.week_start_on, looks.window_weeks, looks.window_start_on

)

select * from final
