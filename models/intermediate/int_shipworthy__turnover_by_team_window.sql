{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_change') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- The organisation is computed from changes like a team: never from rows of teams.
by_team as (

    select
        team,
        false as is_organisation,
        repository,
        added_sha,
        authorship,
        week_start_on,
        lines_added,
        lines_removed,
        tagged_lines

    from changes

    where age_days >= {{ window_days }}

    union all

    select
        'all teams' as team,
        true as is_organisation,
        repository,
        added_sha,
        authorship,
        week_start_on,
        lines_added,
        lines_removed,
        tagged_lines

    from changes

    where age_days >= {{ window_days }}

),

teams as (

    select
        team,
        is_organisation,
        min(week_start_on) as first_week_start_on

    from by_team

    group by team, is_organisation

),

weeks as (

    select
        teams.team,
        teams.is_organisation,
        {{ shipworthy.weeks_between(
            'teams.first_week_start_on', shipworthy.week_start_on('as_of.as_of_at')
        ) | indent(8) }} as week_start_on

    from teams

    cross join as_of

),

mature_weeks as (

    select
        weeks.team,
        weeks.is_organisation,
        weeks.week_start_on,
        {{ shipworthy.weeks_before('weeks.week_start_on', shipworthy.window('compared_weeks') - 1) }} as window_start_on

    from weeks

    cross join as_of

    where {{ shipworthy.add_days('cast(weeks.week_start_on as timestamp)', 7 + window_days) }} <= as_of.as_of_at

),

looked_back_on as (

    select
        by_team.team,
        by_team.is_organisation,
        {{ shipworthy.weeks_looking_back(
            'by_team.week_start_on', shipworthy.window('compared_weeks')
        ) | indent(8) }} as week_start_on,
        by_team.authorship,
        by_team.repository,
        by_team.added_sha,
        by_team.lines_added,
        by_team.lines_removed,
        by_team.tagged_lines

    from by_team

),

-- A change that stands in several rows (services, weeks) is one unit here.
units as (

    select
        mature_weeks.team,
        mature_weeks.is_organisation,
        mature_weeks.week_start_on,
        mature_weeks.window_start_on,
        looked_back_on.authorship,
        looked_back_on.repository,
        looked_back_on.added_sha,
        sum(looked_back_on.lines_added) as lines_added,
        sum(looked_back_on.lines_removed) as lines_removed,
        sum(looked_back_on.tagged_lines) as tagged_lines

    from mature_weeks

    left join looked_back_on
        on
            mature_weeks.team = looked_back_on.team
            and mature_weeks.is_organisation = looked_back_on.is_organisation
            and mature_weeks.week_start_on = looked_back_on.week_start_on

    group by
        mature_weeks.team,
        mature_weeks.is_organisation,
        mature_weeks.week_start_on,
        mature_weeks.window_start_on,
        looked_back_on.authorship,
        looked_back_on.repository,
        looked_back_on.added_sha

),

capped as (

    select
        *,
        {{ shipworthy.capped_lines('lines_added', 'lines_added') }} as capped_lines_added,
        {{ shipworthy.capped_lines('lines_removed', 'lines_added') }} as capped_lines_removed

    from units

),

final as (

    select
        team,
        is_organisation,
        week_start_on,
        window_start_on,
        coalesce(authorship, 'none') as authorship,
        cast(coalesce(sum(lines_added), 0) as {{ dbt.type_bigint() }}) as lines_added,
        cast(coalesce(sum(lines_removed), 0) as {{ dbt.type_bigint() }}) as lines_removed,
        cast(coalesce(sum(tagged_lines), 0) as {{ dbt.type_bigint() }}) as tagged_lines,
        sum(capped_lines_added) as capped_lines_added,
        sum(capped_lines_removed) as capped_lines_removed,
        {{ shipworthy.effective_changes('capped_lines_added') }} as effective_changes

    from capped

    group by team, is_organisation, week_start_on, window_start_on, authorship

)

select * from final
