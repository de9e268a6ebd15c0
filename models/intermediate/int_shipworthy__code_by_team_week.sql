{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}
{%- set days_before = [window_days - 7, 0] | max -%}

with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

approvals_given as (

    select * from {{ ref('shipworthy', 'int_shipworthy__approvals_given') }}

),

added as (

    select
        team,
        {{ shipworthy.week_start_on('landed_at') }} as week_start_on,
        sum(lines) as lines_added,
        sum(case when recorded_authorship = 'ai' then lines else 0 end) as ai_tagged_lines,
        sum(case when is_refilled then lines else 0 end) as refilled_lines,
        sum(case when is_refilled is not null then lines else 0 end) as lines_compared

    from births

    where
        is_counted
        and not is_moved

    group by team, {{ shipworthy.week_start_on('landed_at') }}

),

removed as (

    select
        team,
        {{ shipworthy.week_start_on('landed_at') }} as week_start_on,
        sum(case when age_days < {{ days_before }} then lines else 0 end) as removed_early,
        sum(case when age_days >= {{ days_before }} and age_days < {{ window_days }} then lines else 0 end)
            as removed_before,
        sum(case when age_days >= {{ window_days }} and age_days < {{ window_days + 7 }} then lines else 0 end)
            as removed_late

    from deaths

    where
        is_counted
        and not birth_is_moved
        and not is_moved

    group by team, {{ shipworthy.week_start_on('landed_at') }}

),

approved as (

    select
        team,
        week_start_on,
        count(*) as approvals,
        sum(case when is_uncommented then 1 else 0 end) as uncommented_approvals

    from approvals_given

    where is_uncommented is not null

    group by team, week_start_on

),

team_weeks as (

    select
        team,
        week_start_on

    from added

    union

    select
        team,
        week_start_on

    from approved

),

final as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        cast(coalesce(added.lines_added, 0) as {{ dbt.type_bigint() }}) as lines_added,
        cast(coalesce(added.ai_tagged_lines, 0) as {{ dbt.type_bigint() }}) as ai_tagged_lines,
        cast(coalesce(added.refilled_lines, 0) as {{ dbt.type_bigint() }}) as refilled_lines,
        cast(coalesce(added.lines_compared, 0) as {{ dbt.type_bigint() }}) as lines_compared,
        cast(coalesce(removed.removed_before, 0) as {{ dbt.type_bigint() }}) as removed_before,
        cast(coalesce(added.lines_added, 0) - coalesce(removed.removed_early, 0) as {{ dbt.type_bigint() }})
            as at_risk_before,
        cast(coalesce(removed.removed_late, 0) as {{ dbt.type_bigint() }}) as removed_late,
        cast(
            coalesce(added.lines_added, 0) - coalesce(removed.removed_early, 0) - coalesce(removed.removed_before, 0)
            as {{ dbt.type_bigint() }}
        ) as at_risk_late,
        cast(coalesce(approved.approvals, 0) as {{ dbt.type_bigint() }}) as approvals,
        cast(coalesce(approved.uncommented_approvals, 0) as {{ dbt.type_bigint() }}) as uncommented_approvals

    from team_weeks

    left join added
        on
            team_weeks.team = added.team
            and team_weeks.week_start_on = added.week_start_on

    left join removed
        on
            team_weeks.team = removed.team
            and team_weeks.week_start_on = removed.week_start_on

    left join approved
        on
            team_weeks.team = approved.team
            and team_weeks.week_start_on = approved.week_start_on

)

select * from final
