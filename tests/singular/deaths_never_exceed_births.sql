-- Guards int_shipworthy__lines_died: lines removed that were never added, or more of them than were, would drop out
-- of its join or push a turnover rate above 1, and living lines would be fewer than none.
with

line_births as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_births') }}

),

line_deaths as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__line_deaths') }}

),

born as (

    select
        repository,
        added_sha,
        path,
        author_sha,
        authorship,
        coalesce(is_moved, false) as is_moved,
        sum(lines) as lines_born

    from line_births

    group by repository, added_sha, path, author_sha, authorship, coalesce(is_moved, false)

),

died as (

    select
        repository,
        added_sha,
        path,
        author_sha,
        authorship,
        coalesce(birth_is_moved, false) as is_moved,
        sum(lines) as lines_died

    from line_deaths

    group by repository, added_sha, path, author_sha, authorship, coalesce(birth_is_moved, false)

)

select
    died.repository,
    died.added_sha,
    died.path,
    died.author_sha,
    died.authorship,
    died.is_moved,
    born.lines_born,
    died.lines_died

from died

left join born
    on
        died.repository = born.repository
        and died.added_sha = born.added_sha
        and died.path = born.path
        and died.author_sha = born.author_sha
        and died.authorship = born.authorship
        and died.is_moved = born.is_moved

where (died.lines_died <= born.lines_born) is not true
