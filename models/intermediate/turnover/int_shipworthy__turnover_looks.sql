{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__turnover_by_change') }}

    where age_days >= {{ window_days }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

-- A change enters when it was watched for the whole window: one in a stale clone may be gone by now.
weeks_landed as (

    select
        {{ shipworthy.team_or_all('changes.team') }} as team,
        scopes.is_organisation,
        changes.week_start_on,
        changes.repository,
        max(case when changes.watched_days >= {{ window_days }} then changes.known_through end) as known_through,
        max(case when changes.watched_days >= {{ window_days }} then 0 else 1 end) as is_lagging

    from changes

    cross join scopes

    group by
        {{ shipworthy.team_or_all('changes.team') }},
        scopes.is_organisation,
        changes.week_start_on,
        changes.repository

),

teams as (

    select
        team,
        is_organisation,
        min(week_start_on) as first_week_start_on,
        max(known_through) as known_through

    from weeks_landed

    where known_through is not null

    group by team, is_organisation

),

weeks as (

    select
        teams.team,
        teams.is_organisation,
        teams.known_through,
        {{ shipworthy.weeks_between(
            'teams.first_week_start_on', shipworthy.week_start_on('as_of.as_of_at')
        ) | indent(8) }} as week_start_on

    from teams

    cross join as_of

),

looks as (
    {% for window_weeks in shipworthy.window('looks') %}
    select
        team,
        is_organisation,
        week_start_on,
        {{ window_weeks }} as window_weeks,
        {{ shipworthy.weeks_before('week_start_on', window_weeks - 1) }} as window_start_on

    from weeks

    where {{ shipworthy.add_days('cast(week_start_on as timestamp)', 7 + window_days) }} <= known_through
    {{ "union all" if not loop.last }}
    {% endfor %}
),

-- What nobody could watch to the end is left out, and counted.
lagging as (

    select
        team,
        is_organisation,
        repository,
        {{ shipworthy.weeks_looking_back('week_start_on', shipworthy.window('looks') | max) | indent(8) }}
            as week_start_on,
        week_start_on as landed_week_start_on

    from weeks_landed

    where is_lagging = 1

),

final as (

    select
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        looks.window_start_on,
        cast(
            count(
                distinct case when lagging.landed_week_start_on >= looks.window_start_on then lagging.repository end
            )
            as {{ dbt.type_bigint() }}
        ) as lagging_repositories

    from looks

    left join lagging
        on
            looks.team = lagging.team
            and looks.is_organisation = lagging.is_organisation
            and looks.week_start_on = lagging.week_start_on

    group by
        looks.team,
        looks.is_organisation,
        looks.week_start_on,
        looks.window_weeks,
        looks.window_start_on

)

select * from final
