with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('pull_request_commit_files') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        {{ shipworthy.plausible_count('number') }} as number,
        cast(sha as {{ dbt.type_string() }}) as sha,

        ---------- text
        cast(path as {{ dbt.type_string() }}) as path

    from source

),

final as (

    {{ shipworthy.one_row_per_key('pull_request_commit_files', 'renamed') }}

)

select * from final
