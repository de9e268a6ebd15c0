{#- CTEs, of which the last two are `series`, the `groups` that stand in `weekly` (a CTE) with a number each, and
    `looked_at`: what stands in the weeks of a series, summed over each look that `looks` (a CTE) has of its team. One row
    of series, week and look in which the measures of `seen` add up to more than 0. `groups` begin with what names a
    team. -#}
{% macro summed_over_looks(weekly, looks, groups, measures, seen) -%}
{%- set lengths = shipworthy.window('looks') -%}
newest as (

    select
        team,
        is_organisation,
        max(week_start_on) as last_week_start_on

    from {{ looks }}

    group by team, is_organisation

),

active as (

    select
        {%- for column in groups %}
        {{ weekly }}.{{ column }},
        {%- endfor %}
        min({{ weekly }}.week_start_on) as first_week_start_on,
        least(
            {{ shipworthy.weeks_before('max(' ~ weekly ~ '.week_start_on)', 1 - (lengths | max)) }},
            max(newest.last_week_start_on)
        ) as last_week_start_on

    from {{ weekly }}

    inner join newest
        on
            {{ weekly }}.team = newest.team
            and {{ weekly }}.is_organisation = newest.is_organisation

    group by
        {%- for column in groups %}
        {{ weekly }}.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

),

-- Millions of rows follow, and numbers are compared faster than names.
series as (

    select
        *,
        row_number() over (order by {{ groups | join(', ') }}) as series_number

    from active

),

weeks as (

    select
        series_number,
        {{ shipworthy.weeks_between('first_week_start_on', 'last_week_start_on') | indent(8) }} as week_start_on

    from series

),

{{ weekly }}_numbered as (

    select
        series.series_number,
        {{ weekly }}.week_start_on,
        {%- for measure in measures %}
        {{ weekly }}.{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ weekly }}

    inner join series
        on
            {%- for column in groups %}
            {{ 'and ' if not loop.first }}{{ weekly }}.{{ column }} = series.{{ column }}
            {%- endfor %}

),

-- Every week has a row from here on, so that so many rows are so many weeks.
filled as (

    select
        weeks.series_number,
        weeks.week_start_on,
        {%- for measure in measures %}
        coalesce({{ weekly }}_numbered.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from weeks

    left join {{ weekly }}_numbered
        on
            weeks.series_number = {{ weekly }}_numbered.series_number
            and weeks.week_start_on = {{ weekly }}_numbered.week_start_on

),

summed as (

    select
        series_number,
        week_start_on,
        {%- for length in lengths %}
        {%- set is_last = loop.last %}
        {%- for measure in measures %}
        sum({{ measure }}) over (
            partition by series_number
            order by week_start_on
            rows between {{ length - 1 }} preceding and current row
        ) as {{ measure }}_{{ length }}{{ ',' if not (loop.last and is_last) }}
        {%- endfor %}
        {%- endfor %}

    from filled

),

looked_at as (
    {% for length in lengths %}
    select
        series_number,
        week_start_on,
        {{ length }} as window_weeks,
        {%- for measure in measures %}
        {{ measure }}_{{ length }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from summed

    where {% for measure in seen %}{{ measure }}_{{ length }}{{ ' + ' if not loop.last }}{% endfor %} > 0
    {{ "union all" if not loop.last }}
    {% endfor %}
)
{%- endmacro %}
