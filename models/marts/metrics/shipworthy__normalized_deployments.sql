{{ config(alias='normalized_deployments') }}

with

team_weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_shipped') }}

),

releases as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__releases') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

parts as (

    select
        team,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        sum({{ authorship }}_normalized_deployments) as {{ authorship }}_normalized_deployments,
        {%- endfor %}
        week_start_on

    from releases

    group by team, week_start_on

),

matured as (

    select
        team_weeks.*,
        team_weeks.immature_reason is null as is_mature,
        as_of.has_incidents

    from team_weeks

    cross join as_of

),

-- Records that ship nothing begin no baseline.
begun as (

    select
        *,
        max(case when held_lines > 0 then 1 else 0 end) over (
            partition by team
            order by week_start_on
            rows between unbounded preceding and current row
        ) = 1 as has_begun

    from matured

),

numbered as (

    select
        team,
        week_start_on,
        normalized_deployments,
        {{ shipworthy.baseline_place(
            'has_begun and is_mature and normalized_deployments is not null'
        ) | indent(8) }} as place

    from begun

),

baselines as (

    select
        team,
        max(week_start_on) as complete_on,
        avg(normalized_deployments) as baseline

    from numbered

    where place <= {{ shipworthy.window('baseline_weeks') }}

    group by team

    having count(*) = {{ shipworthy.window('baseline_weeks') }}

),

final as (

    select
        ---------- row
        matured.team,
        matured.week_start_on,
        matured.is_mature,
        matured.immature_reason,

        ---------- what shipped and stayed
        matured.normalized_deployments,
        {%- for authorship in ('ai', 'human', 'automation', 'unknown') %}
        case
            when matured.normalized_deployments is not null
                then coalesce(parts.{{ authorship }}_normalized_deployments, 0.0)
        end as {{ authorship }}_normalized_deployments,
        {%- endfor %}
        parts.ai_normalized_deployments / nullif(matured.normalized_deployments, 0) as ai_share,
        matured.normalized_deployments / nullif(matured.builders, 0) as normalized_deployments_per_builder,
        matured.normalized_deployments / nullif(baselines.baseline, 0) as normalized_deployments_index,

        ---------- from what
        matured.builders,
        cast(matured.releases as {{ dbt.type_bigint() }}) as releases,
        cast(matured.deployments as {{ dbt.type_bigint() }}) as deployments,
        cast(matured.changes_shipped as {{ dbt.type_bigint() }}) as changes_shipped,
        matured.held_lines,
        matured.stable_held_lines,

        ---------- how sure
        matured.basis,
        case when matured.has_incidents then 'incidents_and_remediations' else 'remediations_only' end
            as stability_basis,
        case when matured.builders is null then 'no_builders' end as null_reason,
        case
            when matured.is_mature and matured.last_evidence_at > matured.matures_at
                then matured.last_evidence_at
        end as restated_at

    from matured

    left join parts
        on
            matured.team = parts.team
            and matured.week_start_on = parts.week_start_on

    left join baselines
        on
            matured.team = baselines.team
            and matured.week_start_on >= baselines.complete_on

)

select * from final
