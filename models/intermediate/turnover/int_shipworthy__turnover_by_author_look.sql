{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set groups = ['team', 'is_organisation', 'side_number', 'person_number'] %}
{%- set measures = ['capped_lines_added', 'capped_lines_removed'] %}

-- noqa: disable=LT02
with

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_author') }}

),

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_looks') }}

),

{{ shipworthy.summed_over_looks('authors', 'looks', groups, measures, seen=['capped_lines_added']) }},

final as (

    select
        series.side_number,
        series.person_number,
        looked_at.week_start_on,
        looked_at.window_weeks,
        looked_at.capped_lines_added,
        looked_at.capped_lines_removed

    from looked_at

    inner join series
        on looked_at.series_number = series.series_number

)

select * from final
