with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('commits') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        cast(sha as {{ dbt.type_string() }}) as sha,
        cast(author_key as {{ dbt.type_string() }}) as author_key,
        {{ shipworthy.plausible_count('pull_request_number') }} as pull_request_number,
        cast(reverts_sha as {{ dbt.type_string() }}) as reverts_sha,
        cast(mainline_ancestor_sha as {{ dbt.type_string() }}) as mainline_ancestor_sha,
        cast(landed_with_sha as {{ dbt.type_string() }}) as landed_with_sha,
        cast(fixes_incident_id as {{ dbt.type_string() }}) as fixes_incident_id,

        ---------- text
        cast(merged_branch as {{ dbt.type_string() }}) as merged_branch,
        cast({{ shipworthy.author_kind('author_kind', 'author_key') }} as {{ dbt.type_string() }}) as author_kind,
        cast(authorship as {{ dbt.type_string() }}) as authorship,
        cast(ai_tool as {{ dbt.type_string() }}) as ai_tool,
        cast(attribution_method as {{ dbt.type_string() }}) as attribution_method,

        ---------- measures
        {{ shipworthy.plausible_count('mainline_position') }} as mainline_position,
        {{ shipworthy.plausible_count('lines_added') }} as lines_added,
        {{ shipworthy.plausible_count('lines_removed') }} as lines_removed,
        {{ shipworthy.plausible_count('ai_lines_added') }} as ai_lines_added,
        {{ shipworthy.plausible_count('files_changed') }} as files_changed,

        ---------- booleans
        {{ shipworthy.read_as('is_fix', dbt.type_boolean()) }} as is_fix,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('authored_at') }} as authored_at,
        {{ shipworthy.plausible_time('committed_at') }} as committed_at,
        {{ shipworthy.plausible_time('landed_at') }} as landed_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('commits', 'renamed', 'landed_at') }}

)

select * from final
