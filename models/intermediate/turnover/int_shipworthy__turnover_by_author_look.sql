{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set looks = shipworthy.window('looks') %}
{%- set groups = ['comparison', 'team', 'is_organisation', 'repository', 'side', 'person_key'] %}
{%- set measures = [
    'lines_added', 'lines_removed', 'tagged_lines', 'capped_lines_added', 'capped_lines_removed', 'squared_lines'
] %}

-- noqa: disable=LT02
with

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_author') }}

),

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_looks') }}

),

newest as (

    select
        team,
        is_organisation,
        max(week_start_on) as last_week_start_on

    from looks

    group by team, is_organisation

),

active as (

    select
        {%- for column in groups %}
        authors.{{ column }},
        {%- endfor %}
        min(authors.week_start_on) as first_week_start_on,
        least(
            {{ shipworthy.weeks_before('max(authors.week_start_on)', 1 - (looks | max)) }},
            max(newest.last_week_start_on)
        ) as last_week_start_on

    from authors

    inner join newest
        on
            authors.team = newest.team
            and authors.is_organisation = newest.is_organisation

    group by
        {%- for column in groups %}
        authors.{{ column }}{{ ',' if not loop.last }}
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
        coalesce(authors.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from weeks

    left join authors
        on
            weeks.week_start_on = authors.week_start_on
            {%- for column in groups %}
            and weeks.{{ column }} = authors.{{ column }}
            {%- endfor %}

),

summed as (

    select
        {%- for column in groups %}
        {{ column }},
        {%- endfor %}
        week_start_on,
        {%- for weeks in looks %}
        {%- set last_look = loop.last %}
        {%- for measure in measures %}
        sum({{ measure }}) over (
            partition by {{ groups | join(', ') }}
            order by week_start_on
            rows between {{ weeks - 1 }} preceding and current row
        ) as {{ measure }}_{{ weeks }}{{ ',' if not (loop.last and last_look) }}
        {%- endfor %}
        {%- endfor %}

    from filled

),

final as (
    {% for weeks in looks %}
    select
        {%- for column in groups %}
        {{ column }},
        {%- endfor %}
        week_start_on,
        {{ weeks }} as window_weeks,
        {%- for measure in measures %}
        {{ measure }}_{{ weeks }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from summed

    where lines_added_{{ weeks }} > 0
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from final
