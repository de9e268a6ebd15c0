{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set groups = ['team', 'is_organisation', 'comparison', 'repository', 'side', 'side_number'] %}
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

sides as (

    select
        {{ groups | join(',\n        ') }},
        week_start_on,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from authors

    group by {{ groups | join(', ') }}, week_start_on

),

{{ shipworthy.summed_over_looks('sides', 'looks', groups, ['side_number'], measures, seen=['lines_added']) }},

series_numbered as (

    select
        *,
        dense_rank() over (order by comparison, team, is_organisation) as group_number,
        dense_rank() over (order by comparison, team, is_organisation, repository) as stratum_number

    from series

),

final as (

    select
        {%- for column in groups %}
        series_numbered.{{ column }},
        {%- endfor %}
        series_numbered.group_number,
        series_numbered.stratum_number,
        looked_at.week_start_on,
        looked_at.window_weeks,
        {%- for measure in measures %}
        looked_at.{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}

    from looked_at

    inner join series_numbered
        on looked_at.side_number = series_numbered.side_number

)

select * from final
