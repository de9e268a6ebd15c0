with

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

weeks as (

    select
        min(week_start_on) as first_week_start_on,
        max(week_start_on) as last_week_start_on

    from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

scopes as (

    {{ shipworthy.team_and_organisation() | indent(4) }}

),

waiting as (

    select
        team,
        coalesce(ready_at, opened_at) as ready_at,
        case
            when merged_at is null then closed_at
            when closed_at is null then merged_at
            else least(merged_at, closed_at)
        end as ended_at

    from requests

),

-- From the week at whose end it is ready to the one before that at whose end it is over. What happens at midnight of a
-- Monday has happened by the end of the week before.
waiting_weeks as (

    select
        waiting.team,
        greatest(
            weeks.first_week_start_on,
            {{ shipworthy.week_ending_by('waiting.ready_at') }}
        ) as first_week_start_on,
        case
            when waiting.ended_at is null then weeks.last_week_start_on
            else cast({{ shipworthy.add_days(
                'cast(' ~ shipworthy.week_ending_by('waiting.ended_at') ~ ' as timestamp)', -7
            ) }} as date)
        end as last_week_start_on

    from waiting

    cross join weeks

    where waiting.ready_at is not null

),

queued as (

    select
        team,
        {{ shipworthy.weeks_between('first_week_start_on', 'last_week_start_on') | indent(8) }} as week_start_on

    from waiting_weeks

    where first_week_start_on <= last_week_start_on

),

final as (

    select
        {{ shipworthy.team_or_all('queued.team') }} as team,
        scopes.is_organisation,
        queued.week_start_on,
        count(*) as review_queue

    from queued

    cross join scopes

    group by {{ shipworthy.team_or_all('queued.team') }}, scopes.is_organisation, queued.week_start_on

)

select * from final
