-- Guards the marts about people: what is hidden is the organisation less what is shown. It must be at least two rows,
-- of enough people together, and the same rows in every mart: what one hides must not be read in another. Rows of
-- nobody are hidden too, and protect nothing.
with

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

),

people_in_rows as (

    select * from {{ ref('shipworthy', 'int_shipworthy__people_in_rows') }}

),

shown as (

    select
        'ai_cost' as mart,
        team,
        is_organisation,
        week_start_on,
        is_suppressed

    from {{ ref('shipworthy', 'shipworthy__ai_cost') }}

    union all

    select
        'ai_adoption' as mart,
        team,
        is_organisation,
        week_start_on,
        is_suppressed

    from {{ ref('shipworthy', 'shipworthy__ai_adoption') }}

    union all

    select
        'human_decision_density' as mart,
        team,
        is_organisation,
        week_start_on,
        is_suppressed

    from {{ ref('shipworthy', 'shipworthy__human_decision_density') }}

    union all

    select
        'flow_pressure' as mart,
        team,
        is_organisation,
        week_start_on,
        is_suppressed

    from {{ ref('shipworthy', 'shipworthy__flow_pressure') }}

    union all

    select
        'gaming_signals' as mart,
        team,
        false as is_organisation,
        week_start_on,
        is_suppressed

    from {{ ref('shipworthy', 'shipworthy__gaming_signals') }}

    where is_about_people

    union all

    select
        'team_scorecard' as mart,
        team,
        false as is_organisation,
        week_start_on,
        is_suppressed

    from {{ ref('shipworthy', 'shipworthy__team_scorecard') }}

),

anywhere as (

    select
        team,
        is_organisation,
        week_start_on,
        min(case when is_suppressed then 1 else 0 end) = 1 as is_hidden,
        max(case when is_suppressed then 1 else 0 end) = 1 as is_hidden_somewhere

    from shown

    group by team, is_organisation, week_start_on

),

weeks as (

    select
        anywhere.week_start_on,
        max(case when anywhere.is_organisation and not anywhere.is_hidden then 1 else 0 end) as shows_organisation,
        sum(case when anywhere.is_hidden and not people_in_rows.is_of_nobody then 1 else 0 end) as hidden_rows,
        sum(case when anywhere.is_hidden and not people_in_rows.is_of_nobody then visibility.people else 0 end)
            as hidden_people,
        max(case when anywhere.is_hidden <> anywhere.is_hidden_somewhere then 1 else 0 end) as differs,
        max(
            case
                when
                    not anywhere.is_hidden
                    and visibility.people > 0
                    and {{ shipworthy.is_suppressed('visibility.people') }}
                    then 1
                else 0
            end
        ) as shows_a_small_group

    from anywhere

    inner join visibility
        on
            anywhere.team = visibility.team
            and anywhere.is_organisation = visibility.is_organisation
            and anywhere.week_start_on = visibility.week_start_on

    left join people_in_rows
        on
            anywhere.team = people_in_rows.team
            and not anywhere.is_organisation
            and anywhere.week_start_on = people_in_rows.week_start_on

    group by anywhere.week_start_on

)

select *

from weeks

where
    differs = 1
    or shows_a_small_group = 1
    or (
        shows_organisation = 1
        and hidden_rows > 0
        and (hidden_rows < 2 or {{ shipworthy.is_suppressed('hidden_people') }})
    )
