{#- Which change takes back which, and which of them only puts back what a revert took away. -#}

with recursive

commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__commits') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

changes_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_referenced') }}

    where asked_by = 'revert'

),

-- A revert on a branch happens when the branch lands.
landed as (

    select
        changes.repository,
        changes.sha,
        changes.landed_at,
        changes.mainline_position,
        commits.sha as reverting_sha,
        changes_referenced.named_sha,
        changes_referenced.sha as reverted_sha,
        changes_referenced.mainline_position as reverted_position

    from commits

    inner join changes_referenced
        on
            commits.repository = changes_referenced.asked_repository
            and commits.repository = changes_referenced.repository
            and commits.sha = changes_referenced.asked_id

    inner join changes
        on
            commits.repository = changes.repository
            and coalesce(commits.landed_with_sha, commits.sha) = changes.sha

),

-- What was reverted and put back before it landed never happened.
taken_back as (

    select distinct
        repository,
        sha,
        named_sha as reverting_sha

    from landed

    where
        reverted_sha = sha
        and named_sha is not null

),

reverting as (

    select distinct
        landed.repository,
        landed.sha,
        landed.landed_at,
        landed.reverted_sha

    from landed

    left join taken_back
        on
            landed.repository = taken_back.repository
            and landed.sha = taken_back.sha
            and landed.reverting_sha = taken_back.reverting_sha

    where
        landed.reverted_position < landed.mainline_position
        and taken_back.reverting_sha is null

),

-- From each revert down to a change that reverts nothing: an even number of steps puts that change back.
walked as (

    select
        repository,
        sha,
        reverted_sha,
        reverted_sha as reached_sha,
        1 as steps

    from reverting

    union all

    select
        walked.repository,
        walked.sha,
        walked.reverted_sha,
        reverting.reverted_sha as reached_sha,
        walked.steps + 1 as steps

    from walked

    inner join reverting
        on
            walked.repository = reverting.repository
            and walked.reached_sha = reverting.sha

    where walked.steps < 20

),

deepest as (

    select
        repository,
        sha,
        reverted_sha,
        max(steps) as steps

    from walked

    group by repository, sha, reverted_sha

),

final as (

    select
        reverting.repository,
        reverting.sha,
        reverting.landed_at,
        reverting.reverted_sha,
        deepest.steps % 2 = 0 as is_reapply

    from reverting

    inner join deepest
        on
            reverting.repository = deepest.repository
            and reverting.sha = deepest.sha
            and reverting.reverted_sha = deepest.reverted_sha

)

select * from final
