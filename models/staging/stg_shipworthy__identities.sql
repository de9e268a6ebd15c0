with

source as (

    {{ shipworthy.read_input('identities') }}

),

renamed as (

    select
        ---------- ids
        cast(alias_key as {{ dbt.type_string() }}) as alias_key,
        cast(person_key as {{ dbt.type_string() }}) as person_key

    from source

),

final as (

    {{ shipworthy.one_row_per_key('identities', 'renamed') }}

)

select * from final
