with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('line_deaths') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        cast(added_sha as {{ dbt.type_string() }}) as added_sha,
        cast(path as {{ dbt.type_string() }}) as path,
        cast(author_sha as {{ dbt.type_string() }}) as author_sha,
        cast(authorship as {{ dbt.type_string() }}) as authorship,
        cast(removed_sha as {{ dbt.type_string() }}) as removed_sha,

        ---------- text
        cast(path_class as {{ dbt.type_string() }}) as path_class,
        cast(ai_tool as {{ dbt.type_string() }}) as ai_tool,

        ---------- measures
        {{ shipworthy.plausible_count('lines') }} as lines,

        ---------- booleans
        coalesce({{ shipworthy.read_as('birth_is_moved', dbt.type_boolean()) }}, false) as birth_is_moved,
        coalesce({{ shipworthy.read_as('is_moved', dbt.type_boolean()) }}, false) as is_moved

    from source

),

final as (

    {{ shipworthy.one_row_per_key('line_deaths', 'renamed') }}

)

select * from final
