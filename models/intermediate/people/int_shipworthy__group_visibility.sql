with

people_in_rows as (

    select * from {{ ref('shipworthy', 'int_shipworthy__people_in_rows') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

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

    from people_in_rows

    where not is_of_nobody

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
        ) as place

    from judged

),

lined_up as (

    select
        *,
        place - 1 as rows_before,
        sum(people) over (
            partition by week_start_on order by place rows between unbounded preceding and current row
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

-- What the requests and releases of a row of nobody show may be somebody's who is not listed. It hides nothing else.
rows_shown as (

    select
        team,
        week_start_on,
        builders,
        people,
        is_small,
        is_suppressed,
        case when is_suppressed then 1 else 0 end as hidden_rows

    from hidden

    union all

    select
        team,
        week_start_on,
        builders,
        people,
        true as is_small,
        true as is_suppressed,
        0 as hidden_rows

    from people_in_rows

    where is_of_nobody

),

organisation as (

    select
        rows_shown.week_start_on,
        sum(rows_shown.people) as people,
        case
            when max(case when as_of.has_people then 1 else 0 end) = 1
                then sum(case when rows_shown.builders is not null then rows_shown.people else 0 end)
        end as builders,
        sum(rows_shown.hidden_rows) as hidden_rows,
        sum(rows_shown.hidden_rows * rows_shown.people) as hidden_people

    from rows_shown

    cross join as_of

    group by rows_shown.week_start_on

),

-- People of no team make the group larger and are no builders: both counts must be enough.
organisation_judged as (

    select
        *,
        {{ shipworthy.is_suppressed('people') }}
        or (builders is not null and {{ shipworthy.is_suppressed('builders') }}) as is_small,
        hidden_rows > 0
        and (hidden_rows < 2 or {{ shipworthy.is_suppressed('hidden_people') }}) as is_protecting

    from organisation

),

all_rows as (

    select
        team,
        false as is_organisation,
        week_start_on,
        builders,
        people,
        is_small,
        is_suppressed

    from rows_shown

    union all

    select
        'all teams' as team,
        true as is_organisation,
        week_start_on,
        builders,
        people,
        is_small,
        is_small or is_protecting as is_suppressed

    from organisation_judged

),

final as (

    select
        team,
        is_organisation,
        week_start_on,
        cast(builders as {{ dbt.type_bigint() }}) as builders,
        cast(people as {{ dbt.type_bigint() }}) as people,
        is_suppressed,
        case
            when is_small then 'group_too_small'
            when is_suppressed then 'protects_a_small_group'
        end as null_reason

    from all_rows

)

select * from final
