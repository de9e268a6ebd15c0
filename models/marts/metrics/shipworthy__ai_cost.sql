{{ config(alias='ai_cost') }}

{%- set spend_columns = ['ai_spend_usd', 'billed_usd', 'priced_usd', 'allocated_spend_usd', 'unshipped_spend_usd'] %}
{%- set cost_columns = ['builder_cost_usd', 'other_ai_cost_usd', 'build_infrastructure_cost_usd'] %}
{%- set gap_columns = ['usage_buckets_without_price', 'usage_buckets_not_billed_by_use'] %}

with

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

),

spend as (

    select * from {{ ref('shipworthy', 'int_shipworthy__spend_by_team_week') }}

),

normalized_deployments as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

team_rows as (

    select
        spend.*,
        normalized_deployments.normalized_deployments,
        normalized_deployments.ai_normalized_deployments,
        greatest(spend.immature_reason, normalized_deployments.immature_reason) as last_immature_reason

    from spend

    left join normalized_deployments
        on
            spend.team = normalized_deployments.team
            and spend.week_start_on = normalized_deployments.week_start_on

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
        last_immature_reason as immature_reason,
        has_ai_usage,
        has_people,
        has_line_births,
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
        max(last_immature_reason) as immature_reason,
        has_ai_usage,
        has_people,
        has_line_births,
        is_before_use,
        coalesce(min(costs_missing), min(spend_missing)) as cost_to_serve_missing

    from team_rows

    group by week_start_on, has_ai_usage, has_people, has_line_births, is_before_use

),

judged as (

    select
        all_rows.*,
        visibility.is_suppressed,
        -- without people, nobody knows what a team's own people spent
        all_rows.has_people or all_rows.is_organisation or all_rows.team = 'unassigned' as has_own_spend,
        -- without line births, nobody knows whose AI lines went live
        all_rows.has_line_births as has_lines,
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
