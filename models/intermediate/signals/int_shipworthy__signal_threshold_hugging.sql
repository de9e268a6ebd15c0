with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

priced as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_usage_priced') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

days as (

    select
        person_key,
        week_start_on,
        used_on,
        sum(coalesce(requests, sessions, 1)) as requests

    from priced

    where
        person_key is not null
        and not coalesce(is_automated, false)

    group by person_key, week_start_on, used_on

),

usual_days as (

    select
        week_start_on,
        {{ shipworthy.percentile('requests', var('shipworthy__signal_hugging_percentile')) }} as low_requests

    from days

    group by week_start_on

),

people as (

    select
        days.person_key,
        days.week_start_on,
        case
            when count(*) = 1 and max(days.requests) < min(usual_days.low_requests) then 1
            else 0
        end as is_hugging

    from days

    inner join usual_days
        on days.week_start_on = usual_days.week_start_on

    group by days.person_key, days.week_start_on

),

counted as (

    select
        members.team,
        members.week_start_on,
        count(*) as ai_users,
        sum(people.is_hugging) as hugging_users

    from people

    inner join members
        on
            people.person_key = members.person_key
            and people.week_start_on = members.week_start_on

    group by members.team, members.week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.usage_known_through') | indent(8) }} as immature_reason,
        {{ shipworthy.safe_ratio('counted.hugging_users', 'counted.ai_users') }} as value,
        cast(counted.hugging_users as {{ shipworthy.type_double() }}) as numerator,
        cast(counted.ai_users as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_hugging_share') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when judged.no_usage_reason is not null then judged.no_usage_reason
            when {{ var('shipworthy__adoption_target') }} <= 0 then 'no_target'
            when counted.team is null then 'no_ai_users'
        end as null_reason

    from judged

    left join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('threshold_hugging') | indent(8) }},
        {{ shipworthy.is_at_least('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' users were active on one day, with less than almost all days of the organisation have' as evidence,
        null_reason

    from measured

)

select * from final
