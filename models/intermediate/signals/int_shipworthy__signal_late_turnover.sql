{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

added as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_added_by_team_week') }}

),

removals as (

    select * from {{ ref('shipworthy', 'int_shipworthy__removals_around_window') }}

    where what = 'late_turnover'

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(14 + window_days, 'judged.code_known_through') | indent(8) }}
            as immature_reason,
        (removals.removed_late / nullif(removals.at_risk_late, 0))
        / (greatest(removals.removed_before, 1.0) / nullif(removals.at_risk_before, 0)) as value,
        removals.removed_late as numerator,
        removals.removed_before as denominator,
        {{ var('shipworthy__signal_late_turnover') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case when added.team is null or coalesce(removals.at_risk_late, 0) = 0 then 'no_lines' end as null_reason

    from judged

    left join added
        on
            judged.team = added.team
            and judged.week_start_on = added.week_start_on

    left join removals
        on
            judged.team = removals.team
            and judged.week_start_on = removals.week_start_on

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
