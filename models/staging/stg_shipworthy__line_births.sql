with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('line_births') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        cast(added_sha as {{ dbt.type_string() }}) as added_sha,
        cast(path as {{ dbt.type_string() }}) as path,
        cast(author_sha as {{ dbt.type_string() }}) as author_sha,
        cast(authorship as {{ dbt.type_string() }}) as authorship,

        ---------- text
        cast(path_class as {{ dbt.type_string() }}) as path_class,
        cast(ai_tool as {{ dbt.type_string() }}) as ai_tool,
        cast(attribution_method as {{ dbt.type_string() }}) as attribution_method,

        ---------- measures
        {{ shipworthy.plausible_count('lines') }} as lines,

        ---------- booleans
        coalesce({{ shipworthy.read_as('is_moved', dbt.type_boolean()) }}, false) as is_moved,
        {{ shipworthy.read_as('is_refilled', dbt.type_boolean()) }} as is_refilled

    from source

),

final as (

    {{ shipworthy.one_row_per_key('line_births', 'renamed') }}

)

select * from final
