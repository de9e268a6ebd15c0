{#- The commits that inputs name, found by their whole hash or by the beginning of it. -#}

with

commits as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

request_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commits') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployments') }}

),

deployment_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployment_commits') }}

),

references_made as (

    select * from {{ ref('shipworthy', 'int_shipworthy__references_made') }}

),

changes as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

named as (

    select
        sha as commit_name,
        lower(repository) as repository_key

    from deployments

    union distinct

    select
        sha as commit_name,
        lower(repository) as repository_key

    from deployment_commits

    union distinct

    select
        commit_name,
        repository_key

    from references_made

),

names as (

    select
        commit_name,
        repository_key,
        lower(trim(commit_name)) as commit_key,
        {{ shipworthy.matched_part('lower(trim(commit_name))', '^([0-9a-f]{7,63})$') }} is not null
            as may_be_abbreviated

    from named

    where commit_name is not null

),

-- Commits of a branch that was squashed are in no history, but their request names them.
known as (

    select
        commits.repository,
        commits.sha,
        lower(commits.sha) as commit_key,
        commits.mainline_position is not null as is_on_mainline,
        coalesce(commits.landed_with_sha, commits.sha) as landed_with_sha,
        coalesce(commits.mainline_ancestor_sha, commits.sha) as ancestor_sha,
        cast(null as {{ dbt.type_bigint() }}) as request_number

    from commits

    left join changes
        on
            commits.repository = changes.repository
            and commits.sha = changes.sha

    -- a change that has not landed by as_of is not there yet
    where
        commits.mainline_position is null
        or changes.sha is not null

    union all

    select
        request_commits.repository,
        request_commits.sha,
        lower(request_commits.sha) as commit_key,
        false as is_on_mainline,
        cast(null as {{ dbt.type_string() }}) as landed_with_sha,
        cast(null as {{ dbt.type_string() }}) as ancestor_sha,
        max(request_commits.number) as request_number

    from request_commits

    left join commits
        on
            request_commits.repository = commits.repository
            and request_commits.sha = commits.sha

    where commits.sha is null

    group by request_commits.repository, request_commits.sha

),

-- The first seven characters find the few commits that are then compared.
found as (

    select
        names.commit_name,
        known.*,
        names.commit_key = known.commit_key as is_whole,
        count(*) over (partition by names.commit_name, known.repository) as candidates,
        max(case when names.commit_key = known.commit_key then 1 else 0 end)
            over (partition by names.commit_name, known.repository)
        = 1 as has_whole

    from names

    inner join known
        on
            substring(names.commit_key, 1, 7) = substring(known.commit_key, 1, 7)
            and (
                names.commit_key = known.commit_key
                or (
                    names.may_be_abbreviated
                    and {{ shipworthy.starts_with('known.commit_key', 'names.commit_key') }}
                )
            )
            and (
                names.repository_key is null
                or names.repository_key = lower(known.repository)
            )

),

final as (

    select distinct
        found.repository,
        found.commit_name,
        found.sha,
        found.is_on_mainline,
        ancestors.mainline_position as ancestor_position,
        landings.sha as change_sha,
        found.request_number

    from found

    left join changes as landings
        on
            found.repository = landings.repository
            and found.landed_with_sha = landings.sha

    left join changes as ancestors
        on
            found.repository = ancestors.repository
            and found.ancestor_sha = ancestors.sha

    where
        found.is_whole
        or (found.candidates = 1 and not found.has_whole)

)

select * from final
