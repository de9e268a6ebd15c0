{{ config(alias='product_outcome_coverage') }}

with

releases as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__releases') }}

),

team_weeks as (

    select * from {{ ref('shipworthy', 'shipworthy__normalized_deployments') }}

),

measured as (

    select distinct release_id from {{ ref('shipworthy', 'shipworthy__product_outcomes') }}

),

product_metrics as (

    select count(*) as product_metrics from {{ ref('shipworthy', 'stg_shipworthy__product_metrics') }}

),

covered as (

    select
        releases.team,
        releases.week_start_on,
        sum(case when measured.release_id is not null then releases.ai_normalized_deployments else 0.0 end)
            as ai_normalized_deployments_measured

    from releases

    left join measured
        on releases.release_id = measured.release_id

    group by releases.team, releases.week_start_on

),

by_team as (

    select
        team_weeks.team,
        false as is_organisation,
        team_weeks.week_start_on,
        team_weeks.immature_reason,
        team_weeks.ai_normalized_deployments,
        case
            when team_weeks.ai_normalized_deployments is not null
                then coalesce(covered.ai_normalized_deployments_measured, 0.0)
        end as ai_normalized_deployments_measured

    from team_weeks

    left join covered
        on
            team_weeks.team = covered.team
            and team_weeks.week_start_on = covered.week_start_on

),

all_rows as (

    select * from by_team

    union all

    select
        'all teams' as team,
        true as is_organisation,
        week_start_on,
        max(immature_reason) as immature_reason,
        sum(ai_normalized_deployments) as ai_normalized_deployments,
        sum(ai_normalized_deployments_measured) as ai_normalized_deployments_measured

    from by_team

    group by week_start_on

),

final as (

    select
        all_rows.team,
        all_rows.is_organisation,
        all_rows.week_start_on,
        all_rows.immature_reason is null as is_mature,
        all_rows.immature_reason,
        cast(all_rows.ai_normalized_deployments as {{ shipworthy.type_double() }}) as ai_normalized_deployments,
        case
            when product_metrics.product_metrics > 0
                then cast(all_rows.ai_normalized_deployments_measured as {{ shipworthy.type_double() }})
        end as ai_normalized_deployments_measured,
        case
            when product_metrics.product_metrics > 0
                then {{ shipworthy.safe_ratio(
                    'all_rows.ai_normalized_deployments_measured', 'all_rows.ai_normalized_deployments'
                ) }}
        end as product_outcome_coverage,
        case
            when product_metrics.product_metrics = 0 then 'product_metrics_not_loaded'
            when all_rows.ai_normalized_deployments is null then 'no_builders'
            when all_rows.ai_normalized_deployments = 0 then 'no_ai_normalized_deployments'
        end as null_reason

    from all_rows

    cross join product_metrics

)

select * from final
