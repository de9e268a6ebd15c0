{%- set looks = shipworthy.window('looks') -%}
{%- set window_hours = shipworthy.checked_variable('shipworthy__release_window_hours') -%}
{%- set judged_after_hours = [
    24 * shipworthy.checked_variable('shipworthy__turnover_window_days'),
    shipworthy.checked_variable('shipworthy__incident_attribution_hours')
] | max -%}

with

releases as (

    select * from {{ ref('shipworthy', 'int_shipworthy__releases_scored') }}

),

fixed_lines as (

    select * from {{ ref('shipworthy', 'int_shipworthy__fixed_lines') }}

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

summed as (

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
        sum(looked_back_on.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from looks

    inner join looked_back_on
        on
            looks.team = looked_back_on.team
            and looks.is_organisation = looked_back_on.is_organisation
            and looks.week_start_on = looked_back_on.look_week_start_on
            and looks.window_start_on <= looked_back_on.week_start_on

    group by looks.team, looks.is_organisation, looks.week_start_on, looks.window_weeks, looks.window_start_on

),

fixed_by_week as (

    select
        scoped.team,
        scoped.is_organisation,
        scoped.week_start_on,
        {{ shipworthy.weeks_looking_back('scoped.week_start_on', looks | max) | indent(8) }} as look_week_start_on,
        fixed_lines.repository,
        fixed_lines.fixing_sha,
        fixed_lines.ai_lines,
        fixed_lines.human_lines

    from fixed_lines

    inner join scoped
        on fixed_lines.release_id = scoped.release_id

    where scoped.is_mature

),

-- A fix is one unit, of however many releases it removes lines.
fixes as (

    select
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        sum(fixed_by_week.ai_lines) as ai_lines,
        sum(fixed_by_week.human_lines) as human_lines,
        sum(fixed_by_week.ai_lines + fixed_by_week.human_lines) as lines

    from looks

    inner join fixed_by_week
        on
            looks.team = fixed_by_week.team
            and looks.is_organisation = fixed_by_week.is_organisation
            and looks.week_start_on = fixed_by_week.look_week_start_on
            and looks.window_start_on <= fixed_by_week.week_start_on

    group by
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        fixed_by_week.repository,
        fixed_by_week.fixing_sha

),

fixes_capped as (

    select
        *,
        {{ shipworthy.capped_lines('ai_lines', 'lines') }} as capped_ai_lines,
        {{ shipworthy.capped_lines('human_lines', 'lines') }} as capped_human_lines,
        {{ shipworthy.capped_lines('lines', 'lines') }} as capped_lines

    from fixes

),

fixes_summed as (

    select
        team,
        is_organisation,
        week_start_on,
        window_weeks,
        count(*) as fixes,
        sum(ai_lines) as ai_fixed_lines,
        sum(human_lines) as human_fixed_lines,
        sum(capped_ai_lines) as ai_capped_fixed_lines,
        sum(capped_human_lines) as human_capped_fixed_lines,
        {{ shipworthy.effective_changes('capped_lines') }} as effective_fixes

    from fixes_capped

    group by team, is_organisation, week_start_on, window_weeks

),

final as (

    select
        summed.*,
        coalesce(fixes_summed.fixes, 0) as fixes,
        coalesce(fixes_summed.effective_fixes, 0.0) as effective_fixes,
        coalesce(fixes_summed.ai_fixed_lines, 0) as ai_fixed_lines,
        coalesce(fixes_summed.human_fixed_lines, 0) as human_fixed_lines,
        coalesce(fixes_summed.ai_capped_fixed_lines, 0.0) as ai_capped_fixed_lines,
        coalesce(fixes_summed.human_capped_fixed_lines, 0.0) as human_capped_fixed_lines

    from summed

    left join fixes_summed
        on
            summed.team = fixes_summed.team
            and summed.is_organisation = fixes_summed.is_organisation
            and summed.week_start_on = fixes_summed.week_start_on
            and summed.window_weeks = fixes_summed.window_weeks

)

select * from final
