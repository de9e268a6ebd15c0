with

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders') }}

),

final as (

    select
        team,
        week_start_on,
        cast(count(person_key) as {{ dbt.type_bigint() }}) as builders

    from builders

    group by team, week_start_on

)

select * from final
