with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('product_metrics') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(service as {{ dbt.type_string() }}) as service,
        cast(metric as {{ dbt.type_string() }}) as metric,
        cast(control_service as {{ dbt.type_string() }}) as control_service,

        ---------- measures
        {{ shipworthy.plausible_amount('value') }} as value,

        ---------- booleans
        {{ shipworthy.read_as('higher_is_better', dbt.type_boolean()) }} as higher_is_better,

        ---------- times (UTC)
        {{ shipworthy.plausible_day('measured_on') }} as measured_on

    from source

),

final as (

    {{ shipworthy.one_row_per_key('product_metrics', 'renamed') }}

)

select * from final
