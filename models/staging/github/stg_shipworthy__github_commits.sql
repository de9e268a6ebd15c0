{{ config(enabled=(var('shipworthy__github_tables') != 'none' and ('pull_requests' in var('shipworthy__github_inputs') or 'pull_request_commits' in var('shipworthy__github_inputs')))) }}

with

commits as (

    {{ shipworthy.github_entity('commits') }}

),

known_agents as (

    {{ shipworthy.known_agents(['email', 'login', 'subject_prefix']) | indent(4) }}

),

-- An agent among the co-authors, by the address in the trailer, or a subject that begins as a tool begins its own; of
-- several, the first by name.
marked as (

    select
        commits.repository,
        commits.number,
        commits.sha,
        min(known_agents.ai_tool) as ai_tool
    from commits
    inner join known_agents
        on
            (
                known_agents.match_on = 'email'
                and known_agents.counts_as_coauthor
                and known_agents.author_kind = 'agent'
                and lower(commits.message) like '%co-authored-by:%<' || known_agents.value || '>%'
            )
            or (
                known_agents.match_on = 'subject_prefix'
                and {{ shipworthy.starts_with('lower(commits.message)', 'known_agents.value') }}
            )
    group by commits.repository, commits.number, commits.sha

),

final as (

    select
        ---------- ids
        commits.repository,
        commits.number,
        commits.sha,
        {{ shipworthy.github_person_key('commits.author_id') }} as author_key,

        ---------- text
        coalesce(
            emails.author_kind,
            {{ shipworthy.github_account_kind(
                'commits.author_login', 'commits.author_type', 'logins.author_kind'
            ) }},
            'human'
        ) as author_kind,
        case
            when emails.author_kind = 'agent' or logins.author_kind = 'agent' then 'ai'
            -- Agents commit under the account of workflows too.
            when
                marked.ai_tool is not null
                and coalesce(emails.trailers_count, logins.trailers_count, true)
                then 'ai'
            when
                emails.author_kind = 'automation' or logins.author_kind = 'automation'
                or lower(commits.author_login) like '%[bot]' or commits.author_type = 'Bot'
                then 'automation'
            else 'untagged'
        end as authorship,
        coalesce(
            emails.ai_tool,
            logins.ai_tool,
            case
                when coalesce(emails.trailers_count, logins.trailers_count, true)
                    then marked.ai_tool
            end
        ) as ai_tool,

        ---------- times (UTC)
        commits.committed_at

    from commits
    left join known_agents as emails
        on emails.match_on = 'email' and lower(commits.author_email) = emails.value
    left join known_agents as logins
        on logins.match_on = 'login' and lower(commits.author_login) = logins.value
    left join marked
        on
            commits.repository = marked.repository
            and commits.number = marked.number
            and commits.sha = marked.sha

)

select * from final
