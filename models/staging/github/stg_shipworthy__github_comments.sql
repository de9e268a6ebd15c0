{{ config(enabled=(var('shipworthy__github_tables') != 'none' and ('reviews' in var('shipworthy__github_inputs') or 'review_threads' in var('shipworthy__github_inputs')))) }}

with

comments as (

    {{ shipworthy.github_entity('comments') }}

),

known_agents as (

    {{ shipworthy.known_agents(['login']) | indent(4) }}

),

final as (

    select
        ---------- ids
        comments.repository,
        comments.number,
        comments.comment_id,
        comments.review_id,
        comments.in_reply_to_id,
        {{ shipworthy.github_person_key('comments.author_id') }} as author_key,

        ---------- text
        {{ shipworthy.github_account_kind(
            'comments.author_login', 'comments.author_type', 'authors.author_kind'
        ) }} as author_kind,
        comments.path,

        ---------- times (UTC)
        comments.created_at

    from comments
    left join known_agents as authors
        on lower(comments.author_login) = authors.value

)

select * from final
