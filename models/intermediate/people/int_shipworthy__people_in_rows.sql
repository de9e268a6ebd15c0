with

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_counted') }}

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

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_spend_by_person') }}

),

services as (

    select distinct team from {{ ref('shipworthy', 'stg_shipworthy__services') }}

),

costs as (

    select distinct team from {{ ref('shipworthy', 'stg_shipworthy__costs') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

all_weeks as (

    select
        min(week_start_on) as first_week_start_on,
        max(week_start_on) as last_week_start_on

    from weeks

),

-- Whose requests are looked at by people, also where nobody is listed.
first_requests as (

    select
        team,
        min({{ shipworthy.week_start_on('opened_at') }}) as week_start_on

    from requests

    group by team

),

weeks_with_requests as (

    select
        first_requests.team,
        {{ shipworthy.weeks_between(
            'greatest(first_requests.week_start_on, all_weeks.first_week_start_on)', 'all_weeks.last_week_start_on'
        ) | indent(8) }} as week_start_on

    from first_requests

    cross join all_weeks

    where first_requests.week_start_on is not null

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
        team,
        week_start_on,
        0 as people

    from weeks_with_requests

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

-- A team that owns no listed service, and has nobody, is a name: there is nobody to protect.
final as (

    select
        gathered.team,
        gathered.week_start_on,
        gathered.people,
        gathered.builders,
        gathered.team <> 'unassigned'
        and gathered.people = 0
        and gathered.builders is null
        and services.team is null as is_of_nobody

    from gathered

    left join services
        on gathered.team = services.team

)

select * from final
