with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('pull_request_commits') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        {{ shipworthy.plausible_count('number') }} as number,
        cast(sha as {{ dbt.type_string() }}) as sha,
        cast(author_key as {{ dbt.type_string() }}) as author_key,

        ---------- text
        cast({{ shipworthy.author_kind('author_kind', 'author_key') }} as {{ dbt.type_string() }}) as author_kind,
        cast(authorship as {{ dbt.type_string() }}) as authorship,
        cast(ai_tool as {{ dbt.type_string() }}) as ai_tool,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('committed_at') }} as committed_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('pull_request_commits', 'renamed', 'committed_at') }}

)

select * from final
