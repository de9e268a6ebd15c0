-- Guards int_shipworthy__lines_died: more lines removed than were added would push a turnover rate above 1, and living
-- lines would be fewer than none.
with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

died as (

    select
        repository,
        added_sha,
        path,
        author_sha,
        recorded_authorship,
        recorded_is_moved,
        sum(lines) as lines_died

    from deaths

    group by repository, added_sha, path, author_sha, recorded_authorship, recorded_is_moved

)

select
    died.repository,
    died.added_sha,
    died.path,
    died.author_sha,
    died.recorded_authorship,
    died.recorded_is_moved,
    births.lines as lines_born,
    died.lines_died

from died

left join births
    on
        died.repository = births.repository
        and died.added_sha = births.added_sha
        and died.path = births.path
        and died.author_sha = births.author_sha
        and died.recorded_authorship = births.recorded_authorship
        and died.recorded_is_moved = births.recorded_is_moved

where
    died.lines_died is not null
    and (died.lines_died <= births.lines) is not true
