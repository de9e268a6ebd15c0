with

source as (

    {{ shipworthy.read_input('services') }}

),

renamed as (

    select
        ---------- ids
        cast(service as {{ dbt.type_string() }}) as service,
        cast(repository as {{ dbt.type_string() }}) as repository,

        ---------- text
        cast(path_prefix as {{ dbt.type_string() }}) as path_prefix,
        cast(team as {{ dbt.type_string() }}) as team,
        cast(delivery_unit as {{ dbt.type_string() }}) as delivery_unit,
        cast(tier as {{ dbt.type_string() }}) as tier,

        ---------- times (UTC)
        {{ shipworthy.valid_from('valid_from_on') }} as valid_from_on,
        {{ shipworthy.valid_to('valid_to_on') }} as valid_to_on

    from source

),

final as (

    {{ shipworthy.one_row_per_key('services', 'renamed', 'valid_to_on') }}

)

select * from final
