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

)

select * from renamed
