{{ config(enabled=(var('shipworthy__github_tables') != 'none' and 'pull_requests' in var('shipworthy__github_inputs'))) }}

with

requests as (

    {{ shipworthy.github_entity('requests') }}

),

known_agents as (

    {{ shipworthy.known_agents(['login']) | indent(4) }}

),

final as (

    select
        ---------- ids
        requests.repository,
        requests.number,
        {{ shipworthy.github_person_key('requests.author_id') }} as author_key,
        {{ shipworthy.github_person_key('requests.merged_by_id') }} as merged_by_key,
        requests.merge_sha,

        ---------- text
        requests.head_branch,
        {{ shipworthy.github_account_kind(
            'requests.author_login', 'requests.author_type', 'authors.author_kind'
        ) }} as author_kind,
        {{ shipworthy.github_account_kind(
            'requests.merged_by_login', 'requests.merged_by_type', 'mergers.author_kind'
        ) }} as merged_by_kind,
        authors.ai_tool,
        requests.labels,

        ---------- measures
        requests.lines_added,
        requests.lines_removed,

        ---------- booleans
        coalesce(requests.is_draft, false) as is_draft,

        ---------- times (UTC)
        requests.opened_at,
        requests.merged_at,
        requests.closed_at

    from requests
    left join known_agents as authors
        on lower(requests.author_login) = authors.value
    left join known_agents as mergers
        on lower(requests.merged_by_login) = mergers.value

)

select * from final
