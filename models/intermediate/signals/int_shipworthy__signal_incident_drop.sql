with

judged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_judged') }}

),

expected as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_expected') }}

),

measured as (

    select
        judged.team,
        judged.week_start_on,
        judged.shipping_immature_reason as immature_reason,
        {{ shipworthy.safe_ratio('expected.incidents', 'expected.expected_incidents') }} as value,
        cast(expected.incidents as {{ shipworthy.type_double() }}) as numerator,
        cast(expected.expected_incidents as {{ shipworthy.type_double() }}) as denominator,
        cast(1e0 / {{ var('shipworthy__signal_incident_drop') }} as {{ shipworthy.type_double() }}) as threshold,
        expected.baseline_incidents_per_release as baseline,
        expected.releases,
        expected.weeks,
        expected.incident_chance,
        case
            when judged.no_deployments_reason is not null then judged.no_deployments_reason
            when judged.no_incidents_reason is not null then judged.no_incidents_reason
            when coalesce(expected.baseline_incidents_per_release, 0) = 0 then 'no_baseline'
            when coalesce(expected.releases, 0) = 0 then 'no_release'
            when coalesce(expected.expected_incidents, 0) = 0 then 'no_incidents'
        end as null_reason

    from judged

    left join expected
        on
            judged.team = expected.team
            and judged.week_start_on = expected.week_start_on

),

final as (

    select
        {{ shipworthy.signal_columns('incident_drop') | indent(8) }},
        {{ shipworthy.is_above('threshold', 'value') }}
        and incident_chance < {{ var('shipworthy__signal_incident_chance') }} as is_over,
        {{ shipworthy.short_number('numerator') }} || ' incidents in ' || {{ shipworthy.short_number('releases') }}
        || ' releases of ' || {{ shipworthy.short_number('weeks') }} || ' weeks, where '
        || {{ shipworthy.short_number('denominator') }}
        || ' are usual for the team or the organisation, whichever is less'
        || coalesce(
            '; so few by chance in ' || {{ shipworthy.short_number('100.0 * incident_chance') }} || ' % of such cases',
            ''
        ) as evidence,
        null_reason

    from measured

)

select * from final
