{{ config(alias='ai_adoption') }}

with

spend as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_spend_by_person') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

),

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- Nothing is known of the time before the first of the loaded usage.
first_use as (

    select min(week_start_on) as first_week_start_on from spend

),

-- Members on the week's Monday, in each team of theirs; people of no team count among themselves.
users as (

    select
        members.team,
        spend.week_start_on,
        spend.person_key

    from spend

    inner join members
        on
            spend.person_key = members.person_key
            and spend.week_start_on = members.week_start_on

    where
        members.is_human
        and spend.is_ai_user

    union all

    select
        team,
        week_start_on,
        person_key

    from spend

    where
        is_ai_user
        and not has_team

),

counted as (

    select
        team,
        false as is_organisation,
        week_start_on,
        count(distinct person_key) as ai_users

    from users

    group by team, week_start_on

    union all

    -- A share of members: people of no team are none of them.
    select
        'all teams' as team,
        true as is_organisation,
        week_start_on,
        count(distinct person_key) as ai_users

    from spend

    where
        is_ai_user
        and is_builder

    group by week_start_on

),

-- Everybody's tokens stand in one team, so that teams add up to the organisation.
summed as (

    select
        team,
        false as is_organisation,
        week_start_on,
        sum(tokens) as tokens,
        sum(billed_usd) as billed_usd

    from spend

    group by team, week_start_on

    union all

    select
        'all teams' as team,
        true as is_organisation,
        week_start_on,
        sum(tokens) as tokens,
        sum(billed_usd) as billed_usd

    from spend

    group by week_start_on

),

joined as (

    select
        visibility.*,
        coalesce(counted.ai_users, 0) as ai_users,
        coalesce(summed.tokens, 0) as tokens,
        summed.billed_usd,
        as_of.has_ai_usage,
        as_of.has_people,
        {{ shipworthy.immature_reason(
            shipworthy.add_days('cast(visibility.week_start_on as timestamp)', 7),
            'as_of.as_of_at',
            'as_of.ai_usage_known_through'
        ) | indent(8) }} as immature_reason,
        not visibility.is_suppressed and as_of.has_ai_usage and as_of.has_people as is_shown

    from visibility

    cross join as_of

    cross join first_use

    left join counted
        on
            visibility.team = counted.team
            and visibility.is_organisation = counted.is_organisation
            and visibility.week_start_on = counted.week_start_on

    left join summed
        on
            visibility.team = summed.team
            and visibility.is_organisation = summed.is_organisation
            and visibility.week_start_on = summed.week_start_on

    where
        (visibility.builders is not null or visibility.is_organisation or visibility.team = 'unassigned')
        and visibility.week_start_on >= coalesce(first_use.first_week_start_on, visibility.week_start_on)

),

final as (

    select
        team,
        is_organisation,
        week_start_on,
        immature_reason is null as is_mature,
        immature_reason,
        case when is_shown then {{ shipworthy.safe_ratio('ai_users', 'builders') }} end as ai_adoption,
        cast({{ var('shipworthy__adoption_target') }} as {{ shipworthy.type_double() }}) as adoption_target,
        case when is_shown then cast(ai_users as {{ dbt.type_bigint() }}) end as ai_users,
        case when not is_suppressed then builders end as builders,
        case when is_shown then cast(tokens as {{ dbt.type_bigint() }}) end as tokens,
        case when is_shown then cast(billed_usd as {{ shipworthy.type_double() }}) end as billed_usd,
        is_suppressed,
        case
            when not has_ai_usage then 'ai_usage_not_loaded'
            when not has_people then 'people_not_loaded'
            when null_reason is not null then null_reason
            when builders is null then 'no_builders'
        end as null_reason

    from joined

)

select * from final
