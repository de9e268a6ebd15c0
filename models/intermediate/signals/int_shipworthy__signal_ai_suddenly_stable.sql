{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

compared as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_since_first') }}

    where side = 'ai'

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7 + window_days, 'judged.code_known_through') | indent(8) }}
            as immature_reason,
        {{ shipworthy.safe_ratio('compared.rate', 'compared.first_rate') }} as value,
        compared.rate as numerator,
        compared.first_rate as denominator,
        {{ var('shipworthy__signal_ai_suddenly_stable') }} as threshold,
        compared.first_rate as baseline,
        compared.low,
        compared.high,
        compared.first_low,
        compared.first_high,
        case
            when not judged.has_line_births then 'line_lifetimes_not_loaded'
            when compared.team is null then 'no_baseline'
            when compared.first_rate = 0 then 'no_removals'
        end as null_reason

    from judged

    left join compared
        on
            judged.team = compared.team
            and judged.week_start_on = compared.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('ai_suddenly_stable') | indent(8) }},
        {{ shipworthy.is_at_least('threshold', 'value') }} and coalesce(high < first_low, false) as is_over,
        'AI code is rewritten ' || {{ shipworthy.short_number('value') }} || ' times as often as at first' as evidence,
        null_reason

    from measured

)

select * from final
