with

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

    where not is_organisation

),

costs as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__costs') }}

),

-- A month's costs belong to its days alike.
costs_by_week as (

    select
        visibility.team,
        visibility.week_start_on,
        costs.category,
        {{ shipworthy.hours_between(
            'greatest(cast(visibility.week_start_on as timestamp), cast(costs.month_start_on as timestamp))',
            'least('
            ~ shipworthy.add_days('cast(visibility.week_start_on as timestamp)', 7) ~ ', '
            ~ shipworthy.next_month_started_at('cast(costs.month_start_on as timestamp)') ~ ')'
        ) }} / 24.0 as days,
        {{ shipworthy.hours_between(
            'cast(costs.month_start_on as timestamp)',
            shipworthy.next_month_started_at('cast(costs.month_start_on as timestamp)')
        ) }} / 24.0 as days_of_month,
        costs.amount_usd

    from visibility

    inner join costs
        on
            visibility.team = costs.team
            and cast(costs.month_start_on as timestamp)
            < {{ shipworthy.add_days('cast(visibility.week_start_on as timestamp)', 7) }}
            and {{ shipworthy.next_month_started_at('cast(costs.month_start_on as timestamp)') }}
            > cast(visibility.week_start_on as timestamp)

),

-- A week of which some days have no cost has none that is known; only other AI costs may be missing.
final as (

    select
        team,
        week_start_on,
        {%- for category in ('builders', 'build_infrastructure') %}
        case
            when sum(case when category = '{{ category }}' and amount_usd is not null then days end) > 6.99
                then sum(case when category = '{{ category }}' then amount_usd * days / days_of_month end)
        end as {{ 'builder' if category == 'builders' else category }}_cost_usd,
        {%- endfor %}
        sum(case when category = 'ai' then amount_usd * days / days_of_month end) as other_ai_cost_usd

    from costs_by_week

    group by team, week_start_on

)

select * from final
