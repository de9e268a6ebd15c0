with

memberships as (

    select * from {{ ref('shipworthy', 'int_shipworthy__memberships') }}

),

weeks as (

    select
        min(week_start_on) as first_week_start_on,
        max(week_start_on) as last_week_start_on

    from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

-- The Mondays of a membership lie between the first on or after its first day and the last before its end.
first_and_last_mondays as (

    select
        memberships.person_key,
        memberships.team,
        memberships.is_human,
        greatest(
            weeks.first_week_start_on,
            coalesce(
                {{ shipworthy.week_start_on(
                    shipworthy.add_days('cast(memberships.valid_from_on as timestamp)', 6)
                ) }},
                weeks.first_week_start_on
            )
        ) as first_week_start_on,
        least(
            weeks.last_week_start_on,
            coalesce(
                {{ shipworthy.week_start_on(
                    shipworthy.add_days('cast(memberships.valid_to_on as timestamp)', -1)
                ) }},
                weeks.last_week_start_on
            )
        ) as last_week_start_on

    from memberships

    cross join weeks

),

member_weeks as (

    select
        person_key,
        team,
        is_human,
        {{ shipworthy.weeks_between('first_week_start_on', 'last_week_start_on') | indent(8) }} as week_start_on

    from first_and_last_mondays

),

once_each as (

    select
        person_key,
        team,
        week_start_on,
        max(case when is_human then 1 else 0 end) as is_human

    from member_weeks

    group by person_key, team, week_start_on

),

-- Of several teams, a person is at home in the first by name: there they are counted where teams must add up.
final as (

    select
        person_key,
        team,
        week_start_on,
        is_human = 1 as is_human,
        row_number() over (partition by person_key, week_start_on order by is_human desc, team asc) = 1 as is_at_home

    from once_each

)

select * from final
