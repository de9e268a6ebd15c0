{#- A team's turnover of AI and of human code beside its own first value that enough changes stand behind. -#}

{%- set sides = {'ai': 'first', 'human': 'second'} -%}

with

compared as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_compared') }}

    where
        comparison = 'authorship'
        and not is_organisation
        and window_weeks = {{ shipworthy.window('compared_weeks') }}

),

measured as (
    {% for side, place in sides.items() %}
    select
        team,
        '{{ side }}' as side,
        week_start_on,
        {{ place }}_turnover_rate as rate,
        {{ place }}_turnover_rate_low as low,
        {{ place }}_turnover_rate_high as high

    from compared

    where
        {{ place }}_effective_changes >= 30
        and {{ place }}_turnover_rate is not null
    {{ "union all" if not loop.last }}
    {% endfor %}
),

first_weeks as (

    select
        team,
        side,
        min(week_start_on) as week_start_on

    from measured

    group by team, side

),

first_values as (

    select measured.*

    from measured

    inner join first_weeks
        on
            measured.team = first_weeks.team
            and measured.side = first_weeks.side
            and measured.week_start_on = first_weeks.week_start_on

),

final as (

    select
        measured.team,
        measured.side,
        measured.week_start_on,
        measured.rate,
        measured.low,
        measured.high,
        first_values.rate as first_rate,
        first_values.low as first_low,
        first_values.high as first_high

    from measured

    inner join first_values
        on
            measured.team = first_values.team
            and measured.side = first_values.side
            and measured.week_start_on > first_values.week_start_on

)

select * from final
