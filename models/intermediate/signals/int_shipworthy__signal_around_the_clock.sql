with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

hours as (

    select * from {{ ref('shipworthy', 'int_shipworthy__active_hours') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

days as (

    select
        person_key,
        used_on,
        count(*) as active_hours

    from hours

    group by person_key, used_on

),

long_days_of_people as (

    select
        person_key,
        {{ shipworthy.week_start_on('used_on') }} as week_start_on,
        sum(case when active_hours >= {{ var('shipworthy__signal_active_hours') }} then 1 else 0 end) as long_days

    from days

    group by person_key, {{ shipworthy.week_start_on('used_on') }}

),

most as (

    select
        members.team,
        members.week_start_on,
        max(long_days_of_people.long_days) as long_days

    from long_days_of_people

    inner join members
        on
            long_days_of_people.person_key = members.person_key
            and long_days_of_people.week_start_on = members.week_start_on

    group by members.team, members.week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.usage_known_through') | indent(8) }} as immature_reason,
        cast(most.long_days as {{ shipworthy.type_double() }}) as value,
        cast(null as {{ shipworthy.type_double() }}) as numerator,
        cast(null as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_long_days') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when judged.no_usage_reason is not null then judged.no_usage_reason
            when most.team is null then 'no_hourly_usage'
        end as null_reason

    from judged

    left join most
        on
            judged.team = most.team
            and judged.week_start_on = most.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('around_the_clock') | indent(8) }},
        {{ shipworthy.is_at_least('value', 'threshold') }} as is_over,
        'somebody was active in {{ var('shipworthy__signal_active_hours') }} or more hours on '
        || {{ shipworthy.short_number('value') }} || ' days of the week' as evidence,
        null_reason

    from measured

)

select * from final
