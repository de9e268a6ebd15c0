with

builders_counted as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

-- Each person builds in one team.
final as (

    select
        week_start_on,
        cast(sum(builders) as {{ dbt.type_bigint() }}) as builders

    from builders_counted

    group by week_start_on

)

select * from final
