{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

removals as (

    select * from {{ ref('shipworthy', 'int_shipworthy__removals_around_window') }}

    where what = 'late_removals'

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7 + 2 * window_days, 'judged.code_known_through') | indent(8) }}
            as immature_reason,
        (removals.removed_late / nullif(removals.at_risk_late, 0) / {{ window_days }})
        / (
            greatest(removals.removed_before, 1.0)
            / nullif(removals.at_risk_before, 0)
            / ({{ window_days }} - removals.first_day)
        ) as value,
        removals.removed_late as numerator,
        removals.removed_before as denominator,
        {{ var('shipworthy__signal_late_removals') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        removals.first_day,
        case
            when not judged.has_line_births then 'line_lifetimes_not_loaded'
            when coalesce(removals.at_risk_late, 0) = 0 then 'no_lines'
        end as null_reason

    from judged

    left join removals
        on
            judged.team = removals.team
            and judged.week_start_on = removals.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('late_removals') | indent(8) }},
        {{ shipworthy.is_at_least('value', 'threshold') }}
        and numerator >= {{ var('shipworthy__signal_late_lines') }} as is_over,
        {{ shipworthy.short_number('numerator') }}
        || ' lines of twelve weeks removed from day {{ window_days }} to day {{ (2 * window_days - 1) }}, '
        || {{ shipworthy.short_number('denominator') }}
        || ' from day ' || cast(first_day as {{ dbt.type_string() }}) || ' to day {{ (window_days - 1) }}' as evidence,
        null_reason

    from measured

)

select * from final
