{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

turnover as (

    select
        team,
        week_start_on,
        second_turnover_rate as rate,
        second_turnover_rate_low as low,
        second_turnover_rate_high as high,
        min(week_start_on) over (partition by team) as first_week_start_on

    from {{ ref('shipworthy', 'int_shipworthy__turnover_compared') }}

    where
        comparison = 'authorship'
        and not is_organisation
        and window_weeks = {{ shipworthy.window('compared_weeks') }}
        and second_effective_changes >= 30
        and second_turnover_rate is not null

),

compared as (

    select
        turnover.*,
        first_turnover.rate as first_rate,
        first_turnover.low as first_low,
        first_turnover.high as first_high

    from turnover

    inner join turnover as first_turnover
        on
            turnover.team = first_turnover.team
            and turnover.first_week_start_on = first_turnover.week_start_on

    where turnover.week_start_on > first_turnover.week_start_on

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
        {{ var('shipworthy__signal_human_churn') }} as threshold,
        compared.first_rate as baseline,
        compared.low,
        compared.high,
        compared.first_low,
        compared.first_high,
        case
            when not judged.has_line_lifetimes then 'line_lifetimes_not_loaded'
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
        {{ shipworthy.signal_row(
            'human_churn',
            shipworthy.is_at_least('value', 'threshold') ~ ' and coalesce(low > first_high, false)',
            "'human code is rewritten ' || " ~ shipworthy.short_number('value') ~ " || ' times as often as at first'"
        ) | indent(8) }}

    from measured

)

select * from final
