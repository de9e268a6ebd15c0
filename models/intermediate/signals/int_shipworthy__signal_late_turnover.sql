{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}
{%- set days_before = [window_days - 7, 0] | max -%}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

added as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_added_by_team_week') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

removed as (

    select
        birth_team as team,
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

    group by birth_team, {{ shipworthy.week_start_on('landed_at') }}

),

-- Removals of neighbouring weeks are few, so cohorts of twelve weeks are taken together.
looked_back_on as (

    select
        added.team,
        {{ shipworthy.weeks_looking_back('added.week_start_on', shipworthy.window('compared_weeks')) | indent(8) }}
            as week_start_on,
        coalesce(removed.removed_before, 0) as removed_before,
        added.lines_added - coalesce(removed.removed_early, 0) as at_risk_before,
        coalesce(removed.removed_late, 0) as removed_late,
        added.lines_added - coalesce(removed.removed_early, 0) - coalesce(removed.removed_before, 0) as at_risk_late

    from added

    left join removed
        on
            added.team = removed.team
            and added.week_start_on = removed.week_start_on

),

of_twelve_weeks as (

    select
        team,
        week_start_on,
        cast(sum(removed_before) as {{ shipworthy.type_double() }}) as removed_before,
        cast(sum(at_risk_before) as {{ shipworthy.type_double() }}) as at_risk_before,
        cast(sum(removed_late) as {{ shipworthy.type_double() }}) as removed_late,
        cast(sum(at_risk_late) as {{ shipworthy.type_double() }}) as at_risk_late

    from looked_back_on

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.immature_reason(
            shipworthy.add_days('cast(judged.week_start_on as timestamp)', 14 + window_days),
            'judged.as_of_at',
            'judged.code_known_through'
        ) | indent(8) }} as immature_reason,
        (of_twelve_weeks.removed_late / nullif(of_twelve_weeks.at_risk_late, 0))
        / (greatest(of_twelve_weeks.removed_before, 1.0) / nullif(of_twelve_weeks.at_risk_before, 0)) as value,
        of_twelve_weeks.removed_late as numerator,
        of_twelve_weeks.removed_before as denominator,
        {{ var('shipworthy__signal_late_turnover') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case when added.team is null or coalesce(of_twelve_weeks.at_risk_late, 0) = 0 then 'no_lines' end as null_reason

    from judged

    left join added
        on
            judged.team = added.team
            and judged.week_start_on = added.week_start_on

    left join of_twelve_weeks
        on
            judged.team = of_twelve_weeks.team
            and judged.week_start_on = of_twelve_weeks.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('late_turnover') | indent(8) }},
        {{ shipworthy.is_at_least('value', 'threshold') }}
        and numerator >= {{ var('shipworthy__signal_late_lines') }} as is_over,
        {{ shipworthy.short_number('numerator') }}
        || ' lines of twelve weeks removed in the week after day {{ window_days }}, '
        || {{ shipworthy.short_number('denominator') }} || ' in the week before' as evidence,
        null_reason

    from measured

)

select * from final
