{{ config(alias='harm_by_authorship') }}

with

final as (

    select * from {{ ref('shipworthy', 'int_shipworthy__harm_compared') }}

)

select * from final  -- noqa: AM04
