with

source as (

    {{ shipworthy.read_input('people') }}

),

renamed as (

    select
        ---------- ids
        cast(person_key as {{ dbt.type_string() }}) as person_key,
        cast(team as {{ dbt.type_string() }}) as team,

        ---------- text
        cast(role as {{ dbt.type_string() }}) as role,
        cast(kind as {{ dbt.type_string() }}) as kind,

        ---------- times (UTC)
        {{ shipworthy.valid_from('valid_from_on') }} as valid_from_on,
        {{ shipworthy.valid_to('valid_to_on') }} as valid_to_on

    from source

),

final as (

    {{ shipworthy.one_row_per_key('people', 'renamed', 'valid_to_on') }}

)

select * from final
