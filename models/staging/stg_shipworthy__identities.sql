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

deduplicated as (

    {{ shipworthy.one_row_per_key('identities', 'renamed') }}

),

-- A vendor knows the address behind a login, and the user whose address it is: followed once more. Two aliases that
-- stand for each other are one person.
final as (

    select
        deduplicated.alias_key,
        case
            when followed.person_key = deduplicated.alias_key
                then least(deduplicated.alias_key, deduplicated.person_key)
            else coalesce(followed.person_key, deduplicated.person_key)
        end as person_key

    from deduplicated

    left join deduplicated as followed
        on deduplicated.person_key = followed.alias_key

)

select * from final
