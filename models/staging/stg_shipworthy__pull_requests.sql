with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('pull_requests') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        {{ shipworthy.plausible_count('number') }} as number,
        cast(author_key as {{ dbt.type_string() }}) as author_key,
        cast(merge_sha as {{ dbt.type_string() }}) as merge_sha,
        cast(merged_by_key as {{ dbt.type_string() }}) as merged_by_key,
        cast(closed_by_key as {{ dbt.type_string() }}) as closed_by_key,
        cast(driver_key as {{ dbt.type_string() }}) as driver_key,

        ---------- text
        cast({{ shipworthy.author_kind('author_kind', 'author_key') }} as {{ dbt.type_string() }}) as author_kind,
        cast(authorship as {{ dbt.type_string() }}) as authorship,
        cast(ai_tool as {{ dbt.type_string() }}) as ai_tool,
        cast(head_branch as {{ dbt.type_string() }}) as head_branch,
        cast(labels as {{ dbt.type_string() }}) as labels,
        cast({{ shipworthy.author_kind('closed_by_kind', 'closed_by_key') }} as {{ dbt.type_string() }})
            as closed_by_kind,

        ---------- measures
        {{ shipworthy.plausible_count('lines_added') }} as lines_added,
        {{ shipworthy.plausible_count('lines_removed') }} as lines_removed,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('opened_at') }} as opened_at,
        {{ shipworthy.plausible_time('ready_at') }} as ready_at,
        {{ shipworthy.plausible_time('merged_at') }} as merged_at,
        {{ shipworthy.plausible_time('closed_at') }} as closed_at,
        {{ shipworthy.plausible_time('first_commit_at') }} as first_commit_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('pull_requests', 'renamed', 'closed_at') }}

)

select * from final
