with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

members as (

    select * from {{ ref('shipworthy', 'int_shipworthy__members_by_week') }}

    where is_human

),

landings as (

    select distinct
        person_key,
        {{ shipworthy.weeks_looking_back(
            shipworthy.week_start_on('landed_at'), shipworthy.window('authored_weeks')
        ) | indent(8) }} as week_start_on

    from {{ ref('shipworthy', 'int_shipworthy__authors_placed') }}

    where person_key is not null

),

counted as (

    select
        members.team,
        members.week_start_on,
        count(*) as people,
        sum(case when landings.person_key is null then 1 else 0 end) as idle_people

    from members

    left join landings
        on
            members.person_key = landings.person_key
            and members.week_start_on = landings.week_start_on

    group by members.team, members.week_start_on

),

turned as (

    select
        counted.*,
        {{ shipworthy.baseline_place('judged.is_shipping_final', 'judged.team', 'judged.week_start_on') | indent(8) }}
            as place

    from judged

    inner join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

    where judged.is_shipping

),

baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        {{ shipworthy.safe_ratio('sum(idle_people)', 'sum(people)') }} as idle_share

    from turned

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.code_known_through') | indent(8) }} as immature_reason,
        {{ shipworthy.safe_ratio('counted.idle_people', 'counted.people') }} as value,
        counted.idle_people as numerator,
        counted.people as denominator,
        baselines.idle_share + {{ var('shipworthy__signal_idle_builders') }} as threshold,
        baselines.idle_share as baseline,
        case
            when counted.team is null then 'people_not_loaded'
            when baselines.team is null then 'no_baseline'
        end as null_reason

    from judged

    left join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

    left join baselines
        on
            judged.team = baselines.team
            and judged.week_start_on > baselines.complete_on

),

final as (

    select
        {{ shipworthy.signal_columns('idle_builders') | indent(8) }},
        {{ shipworthy.is_above('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' of ' || {{ shipworthy.short_number('denominator') }}
        || ' members have landed nothing in four weeks' as evidence,
        null_reason

    from measured

)

select * from final
