-- Guards fct_shipworthy__releases and fct_shipworthy__release_changes: a change that ships with a release of another
-- name, or with none, would take its held lines out of normalized deployments without a trace.
with

changes as (

    select
        release_id,
        count(*) as changes_put_live,
        sum(case when is_shipped then 1 else 0 end) as changes_shipped,
        sum(held_lines) as held_lines

    from {{ ref('shipworthy', 'fct_shipworthy__release_changes') }}

    group by release_id

),

releases as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__releases') }}

)

select
    coalesce(changes.release_id, releases.release_id) as release_id,
    changes.changes_shipped as changes_that_ship,
    releases.changes_shipped as changes_of_release,
    changes.held_lines as lines_of_changes,
    releases.held_lines as lines_of_release

from changes

full outer join releases
    on changes.release_id = releases.release_id

where
    (
        coalesce(changes.changes_put_live, 0) = releases.changes_put_live
        and coalesce(changes.changes_shipped, 0) = releases.changes_shipped
        and abs(coalesce(changes.held_lines, 0.0) - releases.held_lines) <= 1e-9 * greatest(1.0, releases.held_lines)
    ) is not true
