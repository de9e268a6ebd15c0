{{ config(alias='ai_adoption') }}

with

ai_usage as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__ai_usage') }}

),

people as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__people') }}

),

identities as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__identities') }}

),

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

used as (

    select
        coalesce(identities.person_key, ai_usage.person_key) as person_key,
        {{ shipworthy.week_start_on('ai_usage.bucket_started_at') }} as week_start_on,
        ai_usage.is_automated,
        coalesce(ai_usage.uncached_input_tokens, 0)
        + coalesce(ai_usage.cache_read_tokens, 0)
        + coalesce(ai_usage.cache_write_tokens, 0)
        + coalesce(ai_usage.output_tokens, 0) as tokens,
        ai_usage.billed_usd

    from ai_usage

    cross join as_of

    left join identities
        on ai_usage.person_key = identities.alias_key

    where ai_usage.bucket_started_at <= as_of.as_of_at

),

-- Members on the week's Monday, in each team of theirs.
used_by_team as (

    select
        people.team,
        used.week_start_on,
        used.person_key,
        used.is_automated,
        used.tokens,
        used.billed_usd

    from used

    inner join people
        on
            used.person_key = people.person_key
            and (people.valid_from_on is null or people.valid_from_on <= used.week_start_on)
            and (people.valid_to_on is null or used.week_start_on < people.valid_to_on)

    where coalesce(people.kind, 'human') = 'human'

),

summed as (

    select
        team,
        week_start_on,
        count(distinct case when not coalesce(is_automated, false) then person_key end) as ai_users,
        sum(tokens) as tokens,
        sum(billed_usd) as billed_usd

    from used_by_team

    group by team, week_start_on

),

rows_with_people as (

    select
        builders.team,
        builders.week_start_on,
        builders.builders,
        coalesce(summed.ai_users, 0) as ai_users,
        coalesce(summed.tokens, 0) as tokens,
        summed.billed_usd,
        as_of.has_ai_usage,
        as_of.has_people,
        {{ shipworthy.add_days('cast(builders.week_start_on as timestamp)', 7) }} <= as_of.as_of_at as is_mature,
        {{ shipworthy.is_suppressed('builders.builders') }} as is_suppressed

    from builders

    cross join as_of

    left join summed
        on
            builders.team = summed.team
            and builders.week_start_on = summed.week_start_on

),

hidden as (

    select
        *,
        not is_suppressed and has_ai_usage and has_people as is_shown

    from rows_with_people

),

final as (

    select
        team,
        week_start_on,
        is_mature,
        case when is_shown then {{ shipworthy.safe_ratio('ai_users', 'builders') }} end as ai_adoption,
        cast({{ var('shipworthy__adoption_target') }} as {{ shipworthy.type_double() }}) as adoption_target,
        case when is_shown then cast(ai_users as {{ dbt.type_bigint() }}) end as ai_users,
        case when not is_suppressed then builders end as builders,
        case when is_shown then cast(tokens as {{ dbt.type_bigint() }}) end as tokens,
        case when is_shown then billed_usd end as billed_usd,
        is_suppressed,
        case
            when not has_ai_usage then 'ai_usage_not_loaded'
            when not has_people then 'people_not_loaded'
            when is_suppressed then 'group_too_small'
        end as null_reason

    from hidden

)

select * from final
