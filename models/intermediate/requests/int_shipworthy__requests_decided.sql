with

requests as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

human_reviews as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__human_reviews') }}

),

review_threads as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__review_threads', {'author_key': 'author'}) | indent(4) }}

),

pull_request_commits as (

    {{ shipworthy.with_people_resolved('stg_shipworthy__pull_request_commits', {'author_key': 'author'}) | indent(4) }}

),

pull_request_commit_files as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__pull_request_commit_files') }}

),

-- Commits before the merge: what came later changed nothing that shipped with the request.
pushed as (

    select
        pull_request_commits.repository,
        pull_request_commits.number,
        pull_request_commits.sha,
        pull_request_commits.author_kind,
        pull_request_commits.author as author_key,
        pull_request_commits.committed_at

    from pull_request_commits

    inner join requests
        on
            pull_request_commits.repository = requests.repository
            and pull_request_commits.number = requests.number
            and pull_request_commits.committed_at < requests.merged_at

),

last_pushes as (

    select
        repository,
        number,
        max(committed_at) as last_pushed_at

    from pushed

    group by repository, number

),

requesting_changes as (

    select distinct
        'requested_changes' as decision,
        human_reviews.repository,
        human_reviews.number,
        human_reviews.reviewer_key as person_key

    from human_reviews

    inner join last_pushes
        on
            human_reviews.repository = last_pushes.repository
            and human_reviews.number = last_pushes.number
            and human_reviews.submitted_at < last_pushes.last_pushed_at

    where human_reviews.state = 'changes_requested'

),

last_touches as (

    select
        pushed.repository,
        pushed.number,
        pull_request_commit_files.path,
        max(pushed.committed_at) as last_touched_at

    from pushed

    inner join pull_request_commit_files
        on
            pushed.repository = pull_request_commit_files.repository
            and pushed.number = pull_request_commit_files.number
            and pushed.sha = pull_request_commit_files.sha

    group by pushed.repository, pushed.number, pull_request_commit_files.path

),

answered_threads as (

    select distinct
        'answered_thread' as decision,
        review_threads.repository,
        review_threads.number,
        review_threads.author as person_key

    from review_threads

    inner join last_touches
        on
            review_threads.repository = last_touches.repository
            and review_threads.number = last_touches.number
            and review_threads.path = last_touches.path
            and review_threads.opened_at < last_touches.last_touched_at

    inner join requests
        on
            review_threads.repository = requests.repository
            and review_threads.number = requests.number

    where
        review_threads.author_kind = 'human'
        and review_threads.author <> coalesce(requests.author_key, '')

),

human_commits as (

    select distinct
        'pushed_commit' as decision,
        pushed.repository,
        pushed.number,
        pushed.author_key as person_key

    from pushed

    inner join requests
        on
            pushed.repository = requests.repository
            and pushed.number = requests.number

    where
        requests.author_kind = 'agent'
        and pushed.author_kind = 'human'
        and pushed.author_key <> coalesce(requests.author_key, '')
        -- who drives an agent works with it: only somebody else judges
        and pushed.author_key <> coalesce(requests.driver_key, '')

),

deciding as (

    select * from requesting_changes

    union all

    select * from answered_threads

    union all

    select * from human_commits

),

decided as (

    select
        repository,
        number,
        least(count(*), 3) as decisions

    from deciding

    group by repository, number

),

reviewed as (

    select
        repository,
        number,
        count(*) as human_reviews,
        sum(case when is_rubber_stamp then 1 else 0 end) as rubber_stamps,
        min(submitted_at) as first_human_review_at

    from human_reviews

    group by repository, number

),

final as (

    select
        requests.repository,
        requests.number,
        requests.first_commit_at,
        requests.opened_at,
        requests.merged_at,
        reviewed.first_human_review_at,
        cast(coalesce(decided.decisions, 0) as {{ dbt.type_bigint() }}) as decisions,
        cast(coalesce(reviewed.human_reviews, 0) as {{ dbt.type_bigint() }}) as human_reviews,
        cast(coalesce(reviewed.rubber_stamps, 0) as {{ dbt.type_bigint() }}) as rubber_stamps,
        case
            when
                requests.author_kind = 'agent'
                and requests.merged_at is null
                and requests.closed_by_kind = 'human'
                and requests.closed_by_key <> coalesce(requests.author_key, '')
                then requests.closed_at
        end as refused_at

    from requests

    left join decided
        on
            requests.repository = decided.repository
            and requests.number = decided.number

    left join reviewed
        on
            requests.repository = reviewed.repository
            and requests.number = reviewed.number

)

select * from final
