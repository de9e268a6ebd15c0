with

source as (

    {{ shipworthy.read_input('product_metrics') }}

),

renamed as (

    select
        ---------- ids
        cast(service as {{ dbt.type_string() }}) as service,
        cast(metric as {{ dbt.type_string() }}) as metric,
        cast(control_service as {{ dbt.type_string() }}) as control_service,

        ---------- measures
        cast(value as {{ shipworthy.type_double() }}) as value,

        ---------- booleans
        cast(higher_is_better as {{ dbt.type_boolean() }}) as higher_is_better,

        ---------- times (UTC)
        cast(measured_on as date) as measured_on

    from source

),

final as (

    {{ shipworthy.one_row_per_key('product_metrics', 'renamed') }}

)

select * from final
