-- Guards shipworthy__code_turnover: lines that fall out between birth and cohort (an author without a team, a path
-- without a service) would take their turnover with them, and the rate would describe the others only.
{%- set window_days = var('shipworthy__turnover_window_days') %}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

born as (

    select
        births.repository,
        sum(births.lines) as lines_added

    from {{ ref('shipworthy', 'int_shipworthy__lines_born') }} as births

    cross join as_of

    where
        births.is_counted
        and not births.is_moved
        and {{ shipworthy.add_days('births.landed_at', window_days) }} <= as_of.as_of_at

    group by births.repository

),

died as (

    select
        deaths.repository,
        sum(deaths.lines) as lines_removed

    from {{ ref('shipworthy', 'int_shipworthy__lines_died') }} as deaths

    cross join as_of

    where
        deaths.is_counted
        and not deaths.birth_is_moved
        and not deaths.is_moved
        and deaths.removed_at < {{ shipworthy.add_days('deaths.landed_at', window_days) }}
        and {{ shipworthy.add_days('deaths.landed_at', window_days) }} <= as_of.as_of_at

    group by deaths.repository

),

by_change as (

    select
        repository,
        sum(lines_added) as lines_added,
        sum(lines_removed) as lines_removed

    from {{ ref('shipworthy', 'int_shipworthy__turnover_by_change') }}

    where age_days >= {{ window_days }}

    group by repository

),

by_cohort as (

    select
        repository,
        sum(lines_added) as lines_added,
        sum(lines_removed) as lines_removed

    from {{ ref('shipworthy', 'shipworthy__code_turnover') }}

    group by repository

)

select
    born.repository,
    born.lines_added as lines_born,
    by_change.lines_added as lines_added_by_change,
    by_cohort.lines_added as lines_added_by_cohort,
    died.lines_removed as lines_died,
    by_change.lines_removed as lines_removed_by_change,
    by_cohort.lines_removed as lines_removed_by_cohort

from born

left join died
    on born.repository = died.repository

full outer join by_change
    on born.repository = by_change.repository

full outer join by_cohort
    on born.repository = by_cohort.repository

where
    (
        born.lines_added = by_change.lines_added
        and born.lines_added = by_cohort.lines_added
        and coalesce(died.lines_removed, 0) = by_change.lines_removed
        and coalesce(died.lines_removed, 0) = by_cohort.lines_removed
    ) is not true
