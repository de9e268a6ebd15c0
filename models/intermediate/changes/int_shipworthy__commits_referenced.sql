with

references_made as (

    select * from {{ ref('shipworthy', 'int_shipworthy__references_made') }}

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

),

commits_found as (

    select
        references_made.asked_by,
        references_made.asked_repository,
        references_made.asked_id,
        references_made.reference,
        commits_named.repository,
        commits_named.sha as named_sha,
        commits_named.change_sha,
        commits_named.request_number

    from references_made

    inner join commits_named
        on
            references_made.commit_name = commits_named.commit_name
            and (
                references_made.repository_key is null
                or references_made.repository_key = lower(commits_named.repository)
            )

),

-- An incident says no repository: a name that is another commit in each of two repositories names none.
names_of_one_commit as (

    select
        asked_by,
        asked_repository,
        asked_id,
        reference

    from commits_found

    group by asked_by, asked_repository, asked_id, reference

    having count(distinct named_sha) = 1

),

final as (

    select commits_found.*

    from commits_found

    inner join names_of_one_commit
        on
            commits_found.asked_by = names_of_one_commit.asked_by
            and commits_found.asked_repository = names_of_one_commit.asked_repository
            and commits_found.asked_id = names_of_one_commit.asked_id
            and commits_found.reference = names_of_one_commit.reference

)

select * from final
