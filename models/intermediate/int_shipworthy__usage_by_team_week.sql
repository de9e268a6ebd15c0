{#- People are looked at one by one only inside this model: its rows are teams. -#}
{%- set hours_before = shipworthy.checked_variable('shipworthy__signal_metronome_hours') - 1 -%}

with

priced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_usage_priced') }}

),

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

),

births as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

authors as (

    select * from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

),

drivers as (

    select * from {{ ref('shipworthy', 'int_shipworthy__drivers_by_change') }}

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

used as (

    select
        person_key,
        week_start_on,
        used_on,
        date_trunc('hour', bucket_started_at) as used_at,
        coalesce(bucket_hours, 24) as bucket_hours,
        coalesce(is_automated, false) as is_automated,
        coalesce(requests, sessions, 1) as requests,
        tokens,
        has_tokens,
        -- as in what AI costs: what the vendor billed, else the list price of what was used
        cast(coalesce(billed_usd, case when has_tokens then list_usd end) as {{ shipworthy.type_double() }})
            as spend_usd

    from priced

    where person_key is not null

),

-- Humans who are members on the Monday, in each team of theirs.
used_by_member as (

    select distinct
        people.team,
        used.week_start_on,
        used.person_key

    from used

    inner join people
        on
            (people.valid_from_on is null or people.valid_from_on <= used.week_start_on)
            and (people.valid_to_on is null or used.week_start_on < people.valid_to_on)

    left join identities
        on people.person_key = identities.alias_key

    where
        coalesce(identities.person_key, people.person_key) = used.person_key
        and coalesce(people.kind, 'human') = 'human'

),

---------- what was spent, and whether it shipped

used_in_week as (

    select
        person_key,
        week_start_on,
        sum(spend_usd) as spend_usd,
        sum(tokens) as tokens,
        max(case when has_tokens then 1 else 0 end) as has_tokens,
        min(case when is_automated then 1 else 0 end) as is_only_automated

    from used

    group by person_key, week_start_on

),

shipped as (

    select
        service,
        repository,
        sha,
        deployed_at as shipped_at

    from put_live

    where taken_off_order is null

),

-- The person behind an agent's lines drove it or merged its request.
ai_lines_shipped as (

    select
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end as person_key,
        births.landed_at,
        shipped.shipped_at,
        sum(births.lines) as lines

    from births

    inner join shipped
        on
            births.service = shipped.service
            and births.repository = shipped.repository
            and births.added_sha = shipped.sha

    inner join authors
        on
            births.repository = authors.repository
            and births.added_sha = authors.change_sha
            and births.author_sha = authors.author_sha

    left join drivers
        on
            births.repository = drivers.repository
            and births.added_sha = drivers.sha

    where
        births.is_counted
        and not births.is_moved
        and births.authorship = 'ai'

    group by
        case when authors.author_kind = 'agent' then drivers.person_key else authors.person_key end,
        births.landed_at,
        shipped.shipped_at

),

shipped_in_time as (

    select
        used_in_week.person_key,
        used_in_week.week_start_on,
        sum(ai_lines_shipped.lines) as lines

    from used_in_week

    inner join ai_lines_shipped
        on
            used_in_week.person_key = ai_lines_shipped.person_key
            and ai_lines_shipped.landed_at >= used_in_week.week_start_on
            and ai_lines_shipped.shipped_at
            < {{ shipworthy.add_days('cast(used_in_week.week_start_on as timestamp)', 14) }}

    group by used_in_week.person_key, used_in_week.week_start_on

),

---------- who is active when, by the hour

hours as (

    select
        person_key,
        used_on,
        used_at,
        sum(tokens) as tokens

    from used

    where
        bucket_hours = 1
        and not is_automated
        and (tokens > 0 or requests > 0)

    group by person_key, used_on, used_at

),

days_by_hour as (

    select
        person_key,
        used_on,
        count(*) as active_hours

    from hours

    group by person_key, used_on

),

long_days as (

    select
        person_key,
        {{ shipworthy.week_start_on('used_on') }} as week_start_on,
        sum(case when active_hours >= {{ var('shipworthy__signal_active_hours') }} then 1 else 0 end) as long_days

    from days_by_hour

    group by person_key, {{ shipworthy.week_start_on('used_on') }}

),

-- Stretches of so many active hours, ending with each; complete where the first is just so many hours before.
stretches as (

    select
        person_key,
        used_at,
        lag(used_at, {{ hours_before }}) over (
            partition by person_key order by used_at
        ) as stretch_started_at,
        avg(cast(tokens as {{ shipworthy.type_double() }})) over last_hours as mean_tokens,
        stddev_pop(cast(tokens as {{ shipworthy.type_double() }})) over last_hours as spread_of_tokens

    from hours

    window last_hours as (
        partition by person_key
        order by used_at
        rows between {{ hours_before }} preceding and current row
    )

),

steadiest as (

    select
        person_key,
        {{ shipworthy.week_start_on('used_at') }} as week_start_on,
        min(spread_of_tokens / nullif(mean_tokens, 0)) as variation

    from stretches

    where
        stretch_started_at
        = {{ shipworthy.add_hours('used_at', '-' ~ hours_before) }}

    group by person_key, {{ shipworthy.week_start_on('used_at') }}

),

---------- who does just enough

days_used as (

    select
        person_key,
        week_start_on,
        used_on,
        sum(requests) as requests

    from used

    where not is_automated

    group by person_key, week_start_on, used_on

),

usual_days as (

    select
        week_start_on,
        percentile_cont({{ var('shipworthy__signal_hugging_percentile') }}) within group (order by requests)
            as low_requests

    from days_used

    group by week_start_on

),

days_counted as (

    select
        days_used.person_key,
        days_used.week_start_on,
        case
            when count(*) = 1 and max(days_used.requests) < min(usual_days.low_requests) then 1
            else 0
        end as is_hugging

    from days_used

    inner join usual_days
        on days_used.week_start_on = usual_days.week_start_on

    group by days_used.person_key, days_used.week_start_on

),

---------- together

members as (

    select
        used_by_member.team,
        used_by_member.week_start_on,
        used_by_member.person_key,
        used_in_week.spend_usd,
        used_in_week.tokens,
        used_in_week.has_tokens,
        used_in_week.is_only_automated,
        coalesce(shipped_in_time.lines, 0) as ai_lines_shipped,
        long_days.long_days,
        steadiest.variation,
        days_counted.is_hugging

    from used_by_member

    inner join used_in_week
        on
            used_by_member.person_key = used_in_week.person_key
            and used_by_member.week_start_on = used_in_week.week_start_on

    left join shipped_in_time
        on
            used_by_member.person_key = shipped_in_time.person_key
            and used_by_member.week_start_on = shipped_in_time.week_start_on

    left join long_days
        on
            used_by_member.person_key = long_days.person_key
            and used_by_member.week_start_on = long_days.week_start_on

    left join steadiest
        on
            used_by_member.person_key = steadiest.person_key
            and used_by_member.week_start_on = steadiest.week_start_on

    left join days_counted
        on
            used_by_member.person_key = days_counted.person_key
            and used_by_member.week_start_on = days_counted.week_start_on

),

team_weeks as (

    select distinct
        team,
        week_start_on

    from members

),

-- One week of one person is little to judge by: spend is compared with what shipped over eight weeks.
eight_weeks as (

    select
        team_weeks.team,
        team_weeks.week_start_on,
        members.person_key,
        sum(members.spend_usd) as spend_usd,
        sum(members.ai_lines_shipped) as ai_lines_shipped

    from team_weeks

    inner join members
        on
            team_weeks.team = members.team
            and team_weeks.week_start_on >= members.week_start_on
            and members.week_start_on
            >= cast({{ shipworthy.add_days('cast(team_weeks.week_start_on as timestamp)', -49) }} as date)

    group by team_weeks.team, team_weeks.week_start_on, members.person_key

),

shares as (

    select
        team,
        week_start_on,
        spend_usd / nullif(sum(spend_usd) over (partition by team, week_start_on), 0) as spend_share,
        cast(ai_lines_shipped as {{ shipworthy.type_double() }})
        / nullif(sum(ai_lines_shipped) over (partition by team, week_start_on), 0) as shipped_share

    from eight_weeks

),

most_out_of_proportion as (

    select
        team,
        week_start_on,
        max(spend_share / nullif(shipped_share, 0)) as spend_to_shipped

    from shares

    group by team, week_start_on

),

summed as (

    select
        team,
        week_start_on,
        cast(sum(1 - is_only_automated) as {{ dbt.type_bigint() }}) as ai_users,
        cast(sum(tokens) as {{ shipworthy.type_double() }}) as tokens,
        max(has_tokens) = 1 as has_tokens,
        sum(spend_usd) as spend_usd,
        sum(case when ai_lines_shipped = 0 then spend_usd else 0.0 end) as unshipped_spend_usd,
        cast(max(long_days) as {{ dbt.type_bigint() }}) as long_days,
        max(case when long_days is not null then 1 else 0 end) = 1 as has_hours,
        min(variation) as variation,
        cast(sum(coalesce(is_hugging, 0)) as {{ dbt.type_bigint() }}) as hugging_users

    from members

    group by team, week_start_on

),

final as (

    select
        summed.*,
        most_out_of_proportion.spend_to_shipped

    from summed

    inner join most_out_of_proportion
        on
            summed.team = most_out_of_proportion.team
            and summed.week_start_on = most_out_of_proportion.week_start_on

)

select * from final
