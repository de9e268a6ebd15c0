with

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

team_weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_shipped') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

),

spend as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_spend_by_person') }}

),

costs as (

    select distinct team from {{ ref('shipworthy', 'stg_shipworthy__costs') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- Whose requests are looked at by people, also where nobody is listed.
requests_seen as (

    select
        team,
        min({{ shipworthy.week_start_on('opened_at') }}) as first_week_start_on

    from requests

    group by team

),

counted as (

    select
        team,
        week_start_on,
        count(*) as people

    from members

    where
        is_human
        and is_at_home

    group by team, week_start_on

    union all

    select
        'unassigned' as team,
        week_start_on,
        count(person_key) as people

    from spend

    where not has_team

    group by week_start_on

    union all

    select
        team,
        week_start_on,
        0 as people

    from spend

    where has_team

    union all

    select
        builders.team,
        builders.week_start_on,
        case when as_of.has_people then 0 else builders.builders end as people

    from builders

    cross join as_of

    union all

    select
        team,
        week_start_on,
        0 as people

    from team_weeks

    union all

    select
        requests_seen.team,
        weeks.week_start_on,
        0 as people

    from requests_seen

    inner join weeks
        on requests_seen.first_week_start_on <= weeks.week_start_on

    union all

    select
        costs.team,
        weeks.week_start_on,
        0 as people

    from costs

    cross join weeks

),

gathered as (

    select
        counted.team,
        counted.week_start_on,
        sum(counted.people) as people,
        max(builders.builders) as builders

    from counted

    left join builders
        on
            counted.team = builders.team
            and counted.week_start_on = builders.week_start_on

    group by counted.team, counted.week_start_on

),

-- Nobody is behind what people of no team did not do: a build pipeline's usage may be shown.
judged as (

    select
        *,
        case
            when team = 'unassigned' and builders is null
                then people > 0 and {{ shipworthy.is_suppressed('people') }}
            else {{ shipworthy.is_suppressed('builders') }} or {{ shipworthy.is_suppressed('people') }}
        end as is_small,
        first_value(people) over (partition by team order by week_start_on) as first_people

    from gathered

),

-- What is hidden could be had as the organisation less what is shown. So other groups are hidden too, until what is
-- hidden is at least two rows and enough people: the smallest when first seen, so that it is the same ones every week.
ranked as (

    select
        *,
        max(case when is_small then 1 else 0 end) over (partition by week_start_on) as has_small,
        row_number() over (
            partition by week_start_on
            order by
                case when is_small then 0 when people > 0 then 1 else 2 end,
                first_people,
                team
        ) as turn

    from judged

),

lined_up as (

    select
        *,
        turn - 1 as rows_before,
        sum(people) over (
            partition by week_start_on order by turn rows between unbounded preceding and current row
        ) - people as people_before

    from ranked

),

hidden as (

    select
        *,
        is_small
        or (
            has_small = 1
            and (rows_before < 2 or {{ shipworthy.is_suppressed('people_before') }})
        ) as is_suppressed

    from lined_up

),

organisation as (

    select
        hidden.week_start_on,
        sum(hidden.people) as people,
        case
            when max(case when as_of.has_people then 1 else 0 end) = 1
                then sum(case when hidden.builders is not null then hidden.people else 0 end)
        end as builders,
        sum(case when hidden.is_suppressed then hidden.people else 0 end) as hidden_people,
        sum(case when hidden.is_suppressed then 1 else 0 end) as hidden_rows

    from hidden

    cross join as_of

    group by hidden.week_start_on

),

-- People of no team make the group larger and are no builders: both counts must be enough.
organisation_judged as (

    select
        *,
        {{ shipworthy.is_suppressed('people') }}
        or (builders is not null and {{ shipworthy.is_suppressed('builders') }}) as is_small

    from organisation

),

final as (

    select
        team,
        false as is_organisation,
        week_start_on,
        cast(builders as {{ dbt.type_bigint() }}) as builders,
        cast(people as {{ dbt.type_bigint() }}) as people,
        is_suppressed,
        case
            when is_small then 'group_too_small'
            when is_suppressed then 'protects_a_small_group'
        end as null_reason

    from hidden

    union all

    select
        'all teams' as team,
        true as is_organisation,
        week_start_on,
        cast(builders as {{ dbt.type_bigint() }}) as builders,
        cast(people as {{ dbt.type_bigint() }}) as people,
        is_small
        or (hidden_rows > 0 and (hidden_rows < 2 or {{ shipworthy.is_suppressed('hidden_people') }})) as is_suppressed,
        case
            when is_small then 'group_too_small'
            when hidden_rows > 0 and (hidden_rows < 2 or {{ shipworthy.is_suppressed('hidden_people') }})
                then 'protects_a_small_group'
        end as null_reason

    from organisation_judged

)

select * from final
