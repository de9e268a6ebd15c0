{{ config(alias='ai_cost') }}

{%- set spend_columns = ['ai_spend_usd', 'billed_usd', 'priced_usd', 'allocated_spend_usd', 'unshipped_spend_usd'] %}
{%- set cost_columns = ['builder_cost_usd', 'other_ai_cost_usd', 'build_infrastructure_cost_usd'] %}
{%- set gap_columns = ['usage_buckets_without_price', 'usage_buckets_not_billed_by_use'] %}

with

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

),

spend as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_spend_by_person') }}

),

allocated as (

    select * from {{ ref('shipworthy', 'int_shipworthy__ai_spend_allocated') }}

),

normalized_deployments as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

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

    where not visibility.is_organisation

),

-- A week of which some days have no cost has none that is known; only other AI costs may be missing.
costs_summed as (

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

),

team_rows as (

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
        costs_summed.{{ column }},
        {%- endfor %}
        normalized_deployments.normalized_deployments,
        normalized_deployments.ai_normalized_deployments,
        coalesce(waited_for.is_complete, 1) as is_complete,
        greatest(
            waited_for.immature_reason,
            normalized_deployments.immature_reason,
            {{ shipworthy.immature_reason(
                shipworthy.add_days('cast(visibility.week_start_on as timestamp)', 7),
                'as_of.as_of_at',
                'as_of.ai_usage_known_through'
            ) | indent(12) }}
        ) as immature_reason,
        as_of.has_ai_usage,
        as_of.has_people,
        case when visibility.week_start_on < first_use.first_week_start_on then 1 else 0 end as is_before_use,
        -- why the row's costs are not the whole
        case
            when visibility.team = 'unassigned' and visibility.builders is null then null
            when costs_summed.builder_cost_usd is null then 'no_builder_costs'
            when costs_summed.build_infrastructure_cost_usd is null then 'no_build_infrastructure_costs'
        end as costs_missing,
        case
            when spent.usage_buckets_without_price > 0 then 'model_without_price'
            when spent.usage_buckets_not_billed_by_use > 0 and costs_summed.other_ai_cost_usd is null
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

    left join costs_summed
        on
            visibility.team = costs_summed.team
            and visibility.week_start_on = costs_summed.week_start_on

    left join normalized_deployments
        on
            visibility.team = normalized_deployments.team
            and visibility.week_start_on = normalized_deployments.week_start_on

    where
        not visibility.is_organisation
        and visibility.week_start_on >= coalesce(first_use.first_row_on, visibility.week_start_on)

),

-- The organisation is the sum of its rows, hidden ones included.
all_rows as (

    select
        team,
        false as is_organisation,
        week_start_on,
        {%- for column in gap_columns + spend_columns + cost_columns %}
        {{ column }},
        {%- endfor %}
        normalized_deployments,
        ai_normalized_deployments,
        is_complete,
        immature_reason,
        has_ai_usage,
        has_people,
        is_before_use,
        coalesce(costs_missing, spend_missing) as cost_to_serve_missing

    from team_rows

    union all

    select
        'all teams' as team,
        true as is_organisation,
        week_start_on,
        {%- for column in gap_columns + spend_columns + cost_columns %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        sum(normalized_deployments) as normalized_deployments,
        sum(ai_normalized_deployments) as ai_normalized_deployments,
        min(is_complete) as is_complete,
        max(immature_reason) as immature_reason,
        has_ai_usage,
        has_people,
        is_before_use,
        coalesce(min(costs_missing), min(spend_missing)) as cost_to_serve_missing

    from team_rows

    group by week_start_on, has_ai_usage, has_people, is_before_use

),

judged as (

    select
        all_rows.*,
        visibility.is_suppressed,
        -- without people, nobody knows what a team's own people spent
        all_rows.has_people or all_rows.is_organisation or all_rows.team = 'unassigned' as has_own_spend,
        -- without line births, nobody knows whose AI lines went live
        exists(
            select 1 as found
            from as_of
            where as_of.has_line_births
        ) as has_lines,
        not visibility.is_suppressed
        and all_rows.has_ai_usage
        and all_rows.is_before_use = 0 as is_spend_shown,
        case
            when visibility.is_suppressed then visibility.null_reason
            when not all_rows.has_ai_usage then 'ai_usage_not_loaded'
            when all_rows.is_before_use = 1 then 'before_ai_usage'
        end as hidden_because

    from all_rows

    inner join visibility
        on
            all_rows.team = visibility.team
            and all_rows.is_organisation = visibility.is_organisation
            and all_rows.week_start_on = visibility.week_start_on

),

final as (

    select
        ---------- row
        team,
        is_organisation,
        week_start_on,
        immature_reason is null as is_mature,
        immature_reason,

        ---------- spend, in the week and under the team of who spent it
        {%- for column in ('ai_spend_usd', 'billed_usd', 'priced_usd') %}
        case when is_spend_shown and has_own_spend then cast({{ column }} as {{ shipworthy.type_double() }}) end
            as {{ column }},
        {%- endfor %}
        case
            when is_spend_shown and has_own_spend and has_lines
                then cast(unshipped_spend_usd as {{ shipworthy.type_double() }})
        end as unshipped_spend_usd,
        case
            when not (is_spend_shown and has_own_spend) then null
            when billed_usd is not null and priced_usd is not null then 'billed_and_priced'
            when billed_usd is not null then 'billed'
            when priced_usd is not null then 'priced'
        end as spend_method,
        {%- for column in gap_columns %}
        case when is_spend_shown and has_own_spend then cast({{ column }} as {{ dbt.type_bigint() }}) end
            as {{ column }},
        {%- endfor %}

        ---------- spend, where the AI lines went live
        case when is_spend_shown and has_lines then cast(allocated_spend_usd as {{ shipworthy.type_double() }}) end
            as allocated_spend_usd,
        cast(ai_normalized_deployments as {{ shipworthy.type_double() }}) as ai_normalized_deployments,
        -- no spend found the releases: what they cost is unknown, not nothing
        case
            when is_spend_shown and has_lines and allocated_spend_usd > 0
                then {{ shipworthy.safe_ratio('allocated_spend_usd', 'ai_normalized_deployments') }}
        end as ai_cost_per_normalized_deployment,
        case when is_spend_shown then is_complete = 1 end as is_spend_complete,

        ---------- cost to serve
        {%- for column in cost_columns %}
        case when not is_suppressed then cast({{ column }} as {{ shipworthy.type_double() }}) end as {{ column }},
        {%- endfor %}
        cast(normalized_deployments as {{ shipworthy.type_double() }}) as normalized_deployments,
        case
            when is_spend_shown and has_own_spend and cost_to_serve_missing is null and builder_cost_usd is not null
                then {{ shipworthy.safe_ratio(
                    '(builder_cost_usd + build_infrastructure_cost_usd'
                    ~ ' + coalesce(other_ai_cost_usd, 0.0) + coalesce(ai_spend_usd, 0.0))',
                    'normalized_deployments'
                ) }}
        end as cost_to_serve,

        ---------- how sure
        is_suppressed,
        case
            when hidden_because is not null then hidden_because
            when not has_lines then 'line_lifetimes_not_loaded'
            when ai_normalized_deployments is null then 'no_normalized_deployments'
            when ai_normalized_deployments = 0 then 'no_ai_normalized_deployments'
            when allocated_spend_usd = 0 then 'no_spend_allocated'
        end as null_reason,
        case
            when hidden_because is not null then hidden_because
            when not has_own_spend then 'people_not_loaded'
            when cost_to_serve_missing is not null then cost_to_serve_missing
            when builder_cost_usd is null then 'no_builder_costs'
            when coalesce(normalized_deployments, 0) = 0 then 'no_normalized_deployments'
        end as cost_to_serve_null_reason

    from judged

)

select * from final
