{{ config(materialized=shipworthy.person_rows(), schema='restricted') }}

-- noqa: disable=LT02
with

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_author') }}

),

looks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_looks') }}

),

{{ shipworthy.summed_over_looks(
    'authors',
    'looks',
    ['comparison', 'team', 'is_organisation', 'repository', 'side', 'person_key'],
    [
        'lines_added', 'lines_removed', 'tagged_lines', 'capped_lines_added', 'capped_lines_removed', 'squared_lines'
    ],
    seen='lines_added'
) }},

final as (

    select * from looked_at

)

select * from final
