with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('review_threads') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        {{ shipworthy.plausible_count('number') }} as number,
        cast(thread_id as {{ dbt.type_string() }}) as thread_id,
        cast(author_key as {{ dbt.type_string() }}) as author_key,

        ---------- text
        cast({{ shipworthy.author_kind('author_kind', 'author_key') }} as {{ dbt.type_string() }}) as author_kind,
        cast(path as {{ dbt.type_string() }}) as path,

        ---------- measures
        {{ shipworthy.plausible_count('replies') }} as replies,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('opened_at') }} as opened_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('review_threads', 'renamed', 'opened_at') }}

)

select * from final
