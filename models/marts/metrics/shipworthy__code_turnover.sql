{{ config(alias='code_turnover') }}

{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') %}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_change') }}

),

repositories_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__repositories_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- Several people may have written the lines of one change, which is one unit.
whole as (

    select
        week_start_on,
        team,
        service,
        repository,
        authorship,
        added_sha,
        sum(lines_added) as lines_added,
        sum(lines_removed) as lines_removed,
        sum(lines_removed_by_own_team) as lines_removed_by_own_team

    from changes

    where age_days >= {{ window_days }}

    group by week_start_on, team, service, repository, authorship, added_sha

),

capped as (

    select
        *,
        {{ shipworthy.capped_lines('lines_added', 'lines_added') }} as capped_lines_added,
        {{ shipworthy.capped_lines('lines_removed', 'lines_added') }} as capped_lines_removed

    from whole

),

-- The other windows count the row's changes that were watched that long, also those too young for the main one.
other_windows as (

    select
        week_start_on,
        team,
        service,
        repository,
        authorship,
        sum(case when watched_days >= 14 then lines_added end) as lines_added_14_days,
        sum(case when watched_days >= 14 then lines_removed_14_days end) as lines_removed_14_days,
        sum(case when watched_days >= 90 then lines_added end) as lines_added_90_days,
        sum(case when watched_days >= 90 then lines_removed_90_days end) as lines_removed_90_days

    from changes

    group by week_start_on, team, service, repository, authorship

),

cohorts as (

    select
        week_start_on,
        team,
        service,
        repository,
        authorship,
        count(*) as changes,
        sum(lines_added) as lines_added,
        sum(lines_removed) as lines_removed,
        sum(lines_removed_by_own_team) as lines_removed_by_own_team,
        sum(capped_lines_added) as capped_lines_added,
        sum(capped_lines_removed) as capped_lines_removed,
        {{ shipworthy.safe_ratio('sum(capped_lines_removed)', 'sum(capped_lines_added)') }} as turnover_rate_capped,
        {{ shipworthy.effective_changes('capped_lines_added') }} as effective_changes

    from capped

    group by week_start_on, team, service, repository, authorship

),

final as (

    select
        ---------- cohort
        cohorts.week_start_on,
        cohorts.team,
        cohorts.service,
        cohorts.repository,
        cohorts.authorship,
        {{ shipworthy.is_mature(
            shipworthy.add_days('cast(cohorts.week_start_on as timestamp)', 7 + window_days),
            'as_of.as_of_at',
            'repositories_known.code_known_through'
        ) | indent(8) }} as is_mature,
        {{ shipworthy.immature_reason(
            shipworthy.add_days('cast(cohorts.week_start_on as timestamp)', 7 + window_days),
            'as_of.as_of_at',
            'repositories_known.code_known_through'
        ) | indent(8) }} as immature_reason,

        ---------- within the turnover window
        cast(cohorts.changes as {{ dbt.type_bigint() }}) as changes,
        cast(cohorts.lines_added as {{ dbt.type_bigint() }}) as lines_added,
        cast(cohorts.lines_removed as {{ dbt.type_bigint() }}) as lines_removed,
        cast(cohorts.lines_removed_by_own_team as {{ dbt.type_bigint() }}) as lines_removed_by_own_team,
        cast(cohorts.lines_removed - cohorts.lines_removed_by_own_team as {{ dbt.type_bigint() }})
            as lines_removed_by_other_team,
        {{ shipworthy.safe_ratio('cohorts.lines_removed', 'cohorts.lines_added') }} as turnover_rate,

        ---------- capped, for inference
        cohorts.capped_lines_added,
        cohorts.capped_lines_removed,
        cohorts.effective_changes,
        cohorts.turnover_rate_capped,
        cast(
            {{ shipworthy.wilson_low('cohorts.turnover_rate_capped', 'cohorts.effective_changes') }}
            as {{ shipworthy.type_double() }}
        ) as turnover_rate_low,
        cast(
            {{ shipworthy.wilson_high('cohorts.turnover_rate_capped', 'cohorts.effective_changes') }}
            as {{ shipworthy.type_double() }}
        ) as turnover_rate_high,

        ---------- other windows
        cast(other_windows.lines_added_14_days as {{ dbt.type_bigint() }}) as lines_added_14_days,
        cast(other_windows.lines_removed_14_days as {{ dbt.type_bigint() }}) as lines_removed_14_days,
        {{ shipworthy.safe_ratio('other_windows.lines_removed_14_days', 'other_windows.lines_added_14_days') }}
            as turnover_rate_14_days,
        cast(other_windows.lines_added_90_days as {{ dbt.type_bigint() }}) as lines_added_90_days,
        cast(other_windows.lines_removed_90_days as {{ dbt.type_bigint() }}) as lines_removed_90_days,
        {{ shipworthy.safe_ratio('other_windows.lines_removed_90_days', 'other_windows.lines_added_90_days') }}
            as turnover_rate_90_days,
        case when other_windows.lines_added_90_days is null then 'younger_than_90_days' end as null_reason

    from cohorts

    cross join as_of

    left join repositories_known
        on cohorts.repository = repositories_known.repository

    inner join other_windows
        on
            cohorts.week_start_on = other_windows.week_start_on
            and cohorts.team = other_windows.team
            and cohorts.service = other_windows.service
            and cohorts.repository = other_windows.repository
            and cohorts.authorship = other_windows.authorship

)

select * from final
