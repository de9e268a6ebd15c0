{#- CTEs, of which the last is `looked_at`: what stands in the weeks of `weekly` (a CTE), summed over each look that `looks` (a
    CTE) has of its team. One row of `groups`, week and look in which `seen`, one of the measures or a sum of them, is above
    0. `groups` begin with what names a team. -#}
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

weeks as (

    select
        {%- for column in groups %}
        {{ column }},
        {%- endfor %}
        {{ shipworthy.weeks_between('first_week_start_on', 'last_week_start_on') | indent(8) }} as week_start_on

    from active

),

-- Every week has a row from here on, so that so many rows are so many weeks.
filled as (

    select
        {%- for column in groups %}
        weeks.{{ column }},
        {%- endfor %}
        weeks.week_start_on,
        {%- for measure in measures %}
        coalesce({{ weekly }}.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from weeks

    left join {{ weekly }}
        on
            weeks.week_start_on = {{ weekly }}.week_start_on
            {%- for column in groups %}
            and weeks.{{ column }} = {{ weekly }}.{{ column }}
            {%- endfor %}

),

summed as (
    {% for length in lengths %}
    select
        {%- for column in groups %}
        {{ column }},
        {%- endfor %}
        week_start_on,
        {{ length }} as window_weeks,
        {%- for measure in measures %}
        sum({{ measure }}) over (
            partition by {{ groups | join(', ') }}
            order by week_start_on
            rows between {{ length - 1 }} preceding and current row
        ) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from filled
    {{ "union all" if not loop.last }}
    {% endfor %}
),

looked_at as (

    select * from summed

    where {{ seen }} > 0

)
{%- endmacro %}
