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
        {{ shipworthy.plausible_amount('amount_usd') }} as amount_usd,

        ---------- times (UTC)
        {{ shipworthy.plausible_day('month_start_on') }} as month_start_on

    from source

),

final as (

    {{ shipworthy.one_row_per_key('costs', 'renamed') }}

)

select * from final
