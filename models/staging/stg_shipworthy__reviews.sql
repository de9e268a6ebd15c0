with

source as {{ shipworthy.inlined() }}(

    {{ shipworthy.read_input('reviews') }}

),

renamed as {{ shipworthy.inlined() }}(

    select
        ---------- ids
        cast(repository as {{ dbt.type_string() }}) as repository,
        {{ shipworthy.plausible_count('number') }} as number,
        cast(review_id as {{ dbt.type_string() }}) as review_id,
        cast(reviewer_key as {{ dbt.type_string() }}) as reviewer_key,

        ---------- text
        cast({{ shipworthy.author_kind('reviewer_kind', 'reviewer_key') }} as {{ dbt.type_string() }}) as reviewer_kind,
        cast(state as {{ dbt.type_string() }}) as state,

        ---------- measures
        {{ shipworthy.plausible_count('comment_threads') }} as comment_threads,
        {{ shipworthy.plausible_count('lines_at_review') }} as lines_at_review,

        ---------- times (UTC)
        {{ shipworthy.plausible_time('submitted_at') }} as submitted_at

    from source

),

final as (

    {{ shipworthy.one_row_per_key('reviews', 'renamed', 'submitted_at') }}

)

select * from final
