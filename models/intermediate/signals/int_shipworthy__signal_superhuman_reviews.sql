with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

human_reviews as (

    select * from {{ ref('shipworthy', 'int_shipworthy__human_reviews') }}

    where state = 'approved'

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

approvals as (

    select
        human_reviews.reviewer_key,
        {{ shipworthy.week_start_on('human_reviews.submitted_at') }} as week_start_on,
        {{ shipworthy.hour_started_at('human_reviews.submitted_at') }} as approved_at,
        sum(coalesce(requests.changed_lines, 0)) as changed_lines

    from human_reviews

    inner join requests
        on
            human_reviews.repository = requests.repository
            and human_reviews.number = requests.number

    group by
        human_reviews.reviewer_key,
        {{ shipworthy.week_start_on('human_reviews.submitted_at') }},
        {{ shipworthy.hour_started_at('human_reviews.submitted_at') }}

),

-- An hour in which one account approved more lines than anybody reads, and hours of the day in which it approved.
by_account as (

    select
        reviewer_key,
        week_start_on,
        max(changed_lines) as most_lines,
        count(distinct extract(hour from approved_at)) as hours

    from approvals

    group by reviewer_key, week_start_on

),

counted as (

    select
        members.team,
        members.week_start_on,
        max(by_account.most_lines) as most_lines,
        max(by_account.hours) as hours

    from by_account

    inner join members
        on
            by_account.reviewer_key = members.person_key
            and by_account.week_start_on = members.week_start_on

    group by members.team, members.week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.requests_known_through') | indent(8) }} as immature_reason,
        counted.most_lines as value,
        counted.hours as numerator,
        cast(null as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_superhuman_reviews') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case when counted.team is null then 'no_approvals' end as null_reason

    from judged

    left join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('superhuman_reviews') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }}
        or coalesce(numerator >= {{ var('shipworthy__signal_active_hours') }}, false) as is_over,
        'one account approved up to ' || {{ shipworthy.short_number('value') }}
        || ' changed lines in an hour, and in ' || {{ shipworthy.short_number('numerator') }}
        || ' different hours of the day' as evidence,
        null_reason

    from measured

)

select * from final
