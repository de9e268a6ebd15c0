{{ config(enabled=(var('shipworthy__github_tables') != 'none' and 'reviews' in var('shipworthy__github_inputs'))) }}

with

reviews as (

    {{ shipworthy.github_entity('reviews') }}

),

known_agents as (

    {{ shipworthy.known_agents(['login']) | indent(4) }}

),

final as (

    select
        ---------- ids
        reviews.repository,
        reviews.number,
        reviews.review_id,
        {{ shipworthy.github_person_key('reviews.reviewer_id') }} as reviewer_key,

        ---------- text
        {{ shipworthy.github_account_kind(
            'reviews.reviewer_login', 'reviews.reviewer_type', 'reviewers.author_kind'
        ) }} as reviewer_kind,
        reviews.state,

        ---------- booleans
        coalesce(trim(reviews.body), '') != '' as has_text,

        ---------- times (UTC)
        reviews.submitted_at

    from reviews
    left join known_agents as reviewers
        on lower(reviews.reviewer_login) = reviewers.value
    where reviews.state != 'pending'

)

select * from final
