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

-- Millions of rows follow, and numbers are compared faster than names.
numbered as (

    select
        *,
        row_number() over (order by {{ groups | join(', ') }}) as series_number,
        dense_rank() over (order by comparison, team, is_organisation) as group_number,
        dense_rank() over (order by repository) as repository_number,
        dense_rank() over (order by person_key) as person_number

    from active

),

weeks as (

    select
        series_number,
        {{ shipworthy.weeks_between('first_week_start_on', 'last_week_start_on') | indent(8) }} as week_start_on

    from numbered

),

authors_numbered as (

    select
        numbered.series_number,
        authors.week_start_on,
        {%- for measure in measures %}
        authors.{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from authors

    inner join numbered
        on
            {%- for column in groups %}
            {{ 'and ' if not loop.first }}authors.{{ column }} = numbered.{{ column }}
            {%- endfor %}

),

-- Every week has a row from here on, so that so many rows are so many weeks.
filled as (

    select
        weeks.series_number,
        weeks.week_start_on,
        {%- for measure in measures %}
        coalesce(authors_numbered.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from weeks

    left join authors_numbered
        on
            weeks.series_number = authors_numbered.series_number
            and weeks.week_start_on = authors_numbered.week_start_on

),

summed as (

    select
        series_number,
        week_start_on,
        {%- for weeks in looks %}
        {%- set last_look = loop.last %}
        {%- for measure in measures %}
        sum({{ measure }}) over (
            partition by series_number
            order by week_start_on
            rows between {{ weeks - 1 }} preceding and current row
        ) as {{ measure }}_{{ weeks }}{{ ',' if not (loop.last and last_look) }}
        {%- endfor %}
        {%- endfor %}

    from filled

),

windows as (
    {% for weeks in looks %}
    select
        series_number,
        week_start_on,
        {{ weeks }} as window_weeks,
        {%- for measure in measures %}
        {{ measure }}_{{ weeks }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from summed

    where lines_added_{{ weeks }} > 0
    {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        {%- for column in groups %}
        numbered.{{ column }},
        {%- endfor %}
        numbered.group_number,
        numbered.repository_number,
        numbered.person_number,
        windows.week_start_on,
        windows.window_weeks,
        {%- for measure in measures %}
        windows.{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from windows

    inner join numbered
        on windows.series_number = numbered.series_number

)

select * from final
