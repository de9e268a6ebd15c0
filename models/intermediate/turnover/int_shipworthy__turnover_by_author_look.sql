{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

{%- set keys = ['side_number', 'person_number'] %}
{%- set measures = ['capped_lines_added', 'capped_lines_removed'] %}

-- noqa: disable=LT02
with

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_author') }}

),

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_looks') }}

),

{{ shipworthy.summed_over_looks(
    'authors', 'looks', ['team', 'is_organisation'] + keys, keys, measures, seen=['capped_lines_added']
) }},

final as (

    select
        side_number,
        person_number,
        week_start_on,
        window_weeks,
        capped_lines_added,
        capped_lines_removed

    from looked_at

)

select * from final
