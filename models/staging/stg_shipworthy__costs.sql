with

source as (

    {{ shipworthy.read_input('costs') }}

),

renamed as (

    select
        ---------- ids
        cast(team as {{ dbt.type_string() }}) as team,

        ---------- text
        cast(category as {{ dbt.type_string() }}) as category,

        ---------- measures
        cast(amount_usd as {{ shipworthy.type_double() }}) as amount_usd,

        ---------- times (UTC)
        cast(month_start_on as date) as month_start_on

    from source

),

final as (

    {{ shipworthy.one_row_per_key('costs', 'renamed') }}

)

select * from final
