{#- CTEs, of which two are read: `series`, the `groups` that stand in `weekly` (a CTE), and `looked_at`: what stands in the
    weeks of a series, summed over each look that `looks` (a CTE) has of its team. One row of series, week and look in which
    the measures of `seen` add up to more than 0. Millions of rows are, so they carry of a series only its `keys`: those of
    the groups that tell it apart, as a rule numbers. `groups` have what names a team. -#}
{% macro summed_over_looks(weekly, looks, groups, keys, measures, seen) -%}
{%- set lengths = shipworthy.window('looks') -%}
newest as (

    select
        team,
        is_organisation,
        max(week_start_on) as last_week_start_on

    from {{ looks }}

    group by team, is_organisation

),

series as (

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
        {{ keys | join(',\n        ') }},
        {{ shipworthy.weeks_between('first_week_start_on', 'last_week_start_on') | indent(8) }} as week_start_on

    from series

),

-- Every week has a row from here on, so that so many rows are so many weeks.
filled as (

    select
        {%- for key in keys %}
        weeks.{{ key }},
        {%- endfor %}
        weeks.week_start_on,
        {%- for measure in measures %}
        coalesce({{ weekly }}.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from weeks

    left join {{ weekly }}
        on
            {%- for key in keys %}
            weeks.{{ key }} = {{ weekly }}.{{ key }} and
            {%- endfor %}
            weeks.week_start_on = {{ weekly }}.week_start_on

),

summed as (

    select
        {{ keys | join(',\n        ') }},
        week_start_on,
        {%- for length in lengths %}
        {%- set is_last = loop.last %}
        {%- for measure in measures %}
        sum({{ measure }}) over (
            partition by {{ keys | join(', ') }}
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
        {{ keys | join(',\n        ') }},
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
