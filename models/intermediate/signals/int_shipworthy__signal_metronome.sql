{%- set hours_before = shipworthy.checked_variable('shipworthy__signal_metronome_hours') - 1 -%}
{%- set last_hours = (
    '(partition by person_key order by used_at rows between ' ~ hours_before ~ ' preceding and current row)'
) -%}

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

-- Stretches of so many active hours, ending with each; complete where the first is just so many hours before.
stretches as (

    select
        person_key,
        used_at,
        lag(used_at, {{ hours_before }}) over (partition by person_key order by used_at) as stretch_started_at,
        avg(cast(tokens as {{ shipworthy.type_double() }})) over {{ last_hours }} as mean_tokens,
        {{ shipworthy.population_deviation('cast(tokens as ' ~ shipworthy.type_double() ~ ')') }} over {{ last_hours }}
            as spread_of_tokens

    from hours

),

steadiest_of_people as (

    select
        person_key,
        {{ shipworthy.week_start_on('used_at') }} as week_start_on,
        min(
            case
                when stretch_started_at = {{ shipworthy.add_hours('used_at', '-' ~ hours_before) }}
                    then spread_of_tokens / nullif(mean_tokens, 0)
            end
        ) as variation

    from stretches

    group by person_key, {{ shipworthy.week_start_on('used_at') }}

),

steadiest as (

    select
        members.team,
        members.week_start_on,
        min(steadiest_of_people.variation) as variation

    from steadiest_of_people

    inner join members
        on
            steadiest_of_people.person_key = members.person_key
            and steadiest_of_people.week_start_on = members.week_start_on

    group by members.team, members.week_start_on

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        {{ shipworthy.signal_immature_reason(7, 'judged.usage_known_through') | indent(8) }} as immature_reason,
        steadiest.variation as value,
        cast(null as {{ shipworthy.type_double() }}) as numerator,
        cast(null as {{ shipworthy.type_double() }}) as denominator,
        {{ var('shipworthy__signal_metronome_variation') }} as threshold,
        cast(null as {{ shipworthy.type_double() }}) as baseline,
        case
            when judged.no_usage_reason is not null then judged.no_usage_reason
            when steadiest.team is null then 'no_hourly_usage'
            when steadiest.variation is null then 'no_long_stretch'
        end as null_reason

    from judged

    left join steadiest
        on
            judged.team = steadiest.team
            and judged.week_start_on = steadiest.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('metronome') | indent(8) }},
        {{ shipworthy.is_above('threshold', 'value') }} as is_over,
        'the steadiest {{ var('shipworthy__signal_metronome_hours') }} active hours in a row vary by '
        || {{ shipworthy.short_number('value') }} || ' of their mean' as evidence,
        null_reason

    from measured

)

select * from final
