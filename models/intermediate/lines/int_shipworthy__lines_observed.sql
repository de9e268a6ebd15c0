{#- A change that was put on record later than its repository's watermark says has been watched up to its landing. -#}
{%- set watched_until = 'greatest(births.landed_at, least(as_of.as_of_at, repositories_known.code_known_through))' -%}

with

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

repositories_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__repositories_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

added as (

    select
        births.repository,
        births.added_sha,
        births.authorship,
        {{ shipworthy.quarter_start_on('births.landed_at') }} as quarter_start_on,
        {{ shipworthy.age_days('births.landed_at', watched_until) }} as age_days,
        sum(births.lines) as lines

    from births

    cross join as_of

    left join repositories_known
        on births.repository = repositories_known.repository

    where
        births.is_counted
        and not births.is_moved

    group by
        births.repository,
        births.added_sha,
        births.authorship,
        births.landed_at,
        as_of.as_of_at,
        repositories_known.code_known_through

),

gone as (

    select
        repository,
        added_sha,
        authorship,
        {{ shipworthy.quarter_start_on('landed_at') }} as quarter_start_on,
        age_days,
        is_moved,
        sum(lines) as lines

    from deaths

    where
        is_counted
        and not birth_is_moved

    group by repository, added_sha, authorship, landed_at, age_days, is_moved

),

gone_by_change as (

    select
        repository,
        added_sha,
        authorship,
        sum(lines) as lines

    from gone

    group by repository, added_sha, authorship

),

-- How each line's observation ended: removed, moved away (censored), or alive when last seen (censored). The last are
-- the changes themselves, at the age up to which each has been watched.
ends as (

    select
        quarter_start_on,
        authorship,
        age_days,
        case when is_moved then 0 else lines end as removed,
        case when is_moved then lines else 0 end as censored,
        0 as changes,
        0.0 as capped_lines

    from gone

    union all

    select
        added.quarter_start_on,
        added.authorship,
        added.age_days,
        0 as removed,
        added.lines - coalesce(gone_by_change.lines, 0) as censored,
        1 as changes,
        {{ shipworthy.capped_lines('added.lines', 'added.lines') }} as capped_lines

    from added

    left join gone_by_change
        on
            added.repository = gone_by_change.repository
            and added.added_sha = gone_by_change.added_sha
            and added.authorship = gone_by_change.authorship

),

final as (

    select
        quarter_start_on,
        authorship,
        age_days,
        sum(removed) as removed,
        sum(censored) as censored,
        sum(changes) as changes,
        sum(capped_lines) as capped_lines,
        sum(capped_lines * capped_lines) as squared_capped_lines

    from ends

    group by quarter_start_on, authorship, age_days

)

select * from final
