with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

services as (

    select distinct
        service,
        team,
        valid_from_on,
        valid_to_on

    from {{ ref('shipworthy', 'int_shipworthy__services_listed') }}

),

handed_over as (

    select
        *,
        lag(team) over (partition by service order by coalesce(valid_from_on, cast('1970-01-01' as date)))
            as team_before,
        lead(team) over (partition by service order by coalesce(valid_from_on, cast('1970-01-01' as date)))
            as team_after

    from services

),

-- A service changed hands twice within four weeks: it was with somebody else for so short a time.
lent as (

    select
        service,
        team_before,
        team as team_between,
        team_after,
        valid_from_on,
        valid_to_on

    from handed_over

    where
        team_before <> team
        and team_after <> team
        and valid_to_on <= cast({{ shipworthy.add_days('cast(valid_from_on as timestamp)', 28) }} as date)

),

teams_of_lent as (

    select
        service,
        valid_from_on,
        valid_to_on,
        team_before as team

    from lent

    union distinct

    select
        service,
        valid_from_on,
        valid_to_on,
        team_between as team

    from lent

    union distinct

    select
        service,
        valid_from_on,
        valid_to_on,
        team_after as team

    from lent

),

shown as (

    select
        team,
        service,
        {{ shipworthy.weeks_between(
            shipworthy.week_start_on('cast(valid_from_on as timestamp)'),
            shipworthy.week_start_on(shipworthy.add_days('cast(valid_to_on as timestamp)', 28))
        ) | indent(8) }} as week_start_on

    from teams_of_lent

),

counted as (

    select
        team,
        week_start_on,
        count(distinct service) as services

    from shown

    group by team, week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.code_known_through') | indent(8) }} as immature_reason,
        coalesce(counted.services, 0) as value,
        cast(null as {{ shipworthy.type_double() }}) as numerator,
        cast(null as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_short_ownership') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        judged.no_deployments_reason as null_reason

    from judged

    left join counted
        on
            judged.team = counted.team
            and judged.week_start_on = counted.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('short_ownership') | indent(8) }},
        {{ shipworthy.is_at_least('value', 'threshold') }} as is_over,
        {{ shipworthy.short_number('value') }} || ' services changed hands twice within 28 days' as evidence,
        null_reason

    from measured

)

select * from final
