{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

    where is_counted and not is_moved

),

removed as (

    select
        removal_team as team,
        {{ shipworthy.week_start_on('removed_at') }} as week_start_on,
        sum(case when birth_is_moved then lines else 0 end) as moved_lines,
        sum(lines) as lines

    from deaths

    where age_days < {{ window_days }}

    group by removal_team, {{ shipworthy.week_start_on('removed_at') }}

),

looked_back_on as (

    select
        team,
        {{ shipworthy.weeks_looking_back('week_start_on', shipworthy.window('tagged_weeks')) | indent(8) }}
            as week_start_on,
        moved_lines,
        lines

    from removed

),

of_four_weeks as (

    select
        team,
        week_start_on,
        sum(moved_lines) as moved_lines,
        sum(lines) as lines

    from looked_back_on

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.code_known_through') | indent(8) }} as immature_reason,
        {{ shipworthy.safe_ratio('of_four_weeks.moved_lines', 'of_four_weeks.lines') }} as value,
        of_four_weeks.moved_lines as numerator,
        of_four_weeks.lines as denominator,
        {{ var('shipworthy__signal_moved_then_removed') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when not judged.has_line_births then 'line_lifetimes_not_loaded'
            when coalesce(of_four_weeks.lines, 0) = 0 then 'no_lines'
        end as null_reason

    from judged

    left join of_four_weeks
        on
            judged.team = of_four_weeks.team
            and judged.week_start_on = of_four_weeks.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('moved_then_removed') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }}
        and 2 * numerator >= {{ var('shipworthy__signal_late_lines') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' lines removed before day {{ window_days }} had been moved before that' as evidence,
        null_reason

    from measured

)

select * from final
