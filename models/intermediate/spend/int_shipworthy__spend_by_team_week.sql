{%- set cost_columns = ['builder_cost_usd', 'other_ai_cost_usd', 'build_infrastructure_cost_usd'] %}
{%- set gap_columns = ['usage_buckets_without_price', 'usage_buckets_not_billed_by_use'] %}

with

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

    where not is_organisation

),

spend as (

    select * from {{ shipworthy.read_person_rows('int_shipworthy__ai_spend_by_person') }}

),

allocated as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_spend_allocated') }}

),

team_costs as (

    select * from {{ ref('shipworthy', 'int_shipworthy__costs_by_team_week') }}

),

costs as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__costs') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

-- Nothing is known of the time before the first of the loaded usage.
first_use as (

    select
        min(spend.week_start_on) as first_week_start_on,
        least(
            min(spend.week_start_on),
            (select {{ shipworthy.week_start_on('min(costs.month_start_on)') }} as first_cost_on from costs)
        ) as first_row_on

    from spend

),

spent as (

    select
        team,
        week_start_on,
        sum(spend_usd) as ai_spend_usd,
        sum(billed_usd) as billed_usd,
        sum(priced_usd) as priced_usd,
        sum(buckets_without_price) as usage_buckets_without_price,
        sum(buckets_not_billed_by_use) as usage_buckets_not_billed_by_use

    from spend

    group by team, week_start_on

),

arrived as (

    select
        team,
        week_start_on,
        sum(case when is_shipped then spend_usd else 0.0 end) as allocated_spend_usd,
        sum(case when not is_shipped then spend_usd else 0.0 end) as unshipped_spend_usd

    from allocated

    group by team, week_start_on

),

-- A row waits for all spend that it shows: what its people spent, and what its releases are allocated.
touched as (

    select
        spending_team as team,
        spent_week_start_on as week_start_on,
        immature_reason,
        is_complete

    from allocated

    union all

    select
        team,
        week_start_on,
        immature_reason,
        is_complete

    from allocated

),

waited_for as (

    select
        team,
        week_start_on,
        max(immature_reason) as immature_reason,
        min(case when is_complete then 1 else 0 end) as is_complete

    from touched

    group by team, week_start_on

),

final as (

    select
        visibility.team,
        visibility.week_start_on,
        {%- for column in gap_columns %}
        coalesce(spent.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        -- who used nothing spent nothing; what was used at an unknown price is unknown
        case when spent.team is null then 0.0 else spent.ai_spend_usd end as ai_spend_usd,
        spent.billed_usd,
        spent.priced_usd,
        coalesce(arrived.allocated_spend_usd, 0.0) as allocated_spend_usd,
        case
            when spent.team is not null and spent.ai_spend_usd is null then null
            else coalesce(arrived.unshipped_spend_usd, 0.0)
        end as unshipped_spend_usd,
        {%- for column in cost_columns %}
        team_costs.{{ column }},
        {%- endfor %}
        coalesce(waited_for.is_complete, 1) as is_complete,
        greatest(
            waited_for.immature_reason,
            {{ shipworthy.immature_reason(
                shipworthy.add_days('cast(visibility.week_start_on as timestamp)', 7),
                'as_of.as_of_at',
                'as_of.ai_usage_known_through'
            ) | indent(12) }}
        ) as immature_reason,
        as_of.has_ai_usage,
        as_of.has_people,
        as_of.has_line_births,
        case when visibility.week_start_on < first_use.first_week_start_on then 1 else 0 end as is_before_use,
        -- why the row's costs are not the whole
        case
            when visibility.team = 'unassigned' and visibility.builders is null then null
            when team_costs.builder_cost_usd is null then 'no_builder_costs'
            when team_costs.build_infrastructure_cost_usd is null then 'no_build_infrastructure_costs'
        end as costs_missing,
        case
            when spent.usage_buckets_without_price > 0 then 'model_without_price'
            when spent.usage_buckets_not_billed_by_use > 0 and team_costs.other_ai_cost_usd is null
                then 'no_other_ai_costs'
        end as spend_missing

    from visibility

    cross join as_of

    cross join first_use

    left join spent
        on
            visibility.team = spent.team
            and visibility.week_start_on = spent.week_start_on

    left join arrived
        on
            visibility.team = arrived.team
            and visibility.week_start_on = arrived.week_start_on

    left join waited_for
        on
            visibility.team = waited_for.team
            and visibility.week_start_on = waited_for.week_start_on

    left join team_costs
        on
            visibility.team = team_costs.team
            and visibility.week_start_on = team_costs.week_start_on

    where visibility.week_start_on >= coalesce(first_use.first_row_on, visibility.week_start_on)

)

select * from final
