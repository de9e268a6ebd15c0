{{ config(alias='flow_pressure') }}

{%- set measures = [
    'inner_loop_hours', 'outer_loop_hours', 'review_queue', 'unreviewed_rate', 'requests_per_reviewer',
    'defects_per_builder', 'incidents_per_shipped_change'
] %}

with

rated as (

    select * from {{ ref('shipworthy', 'int_shipworthy__flow_measured') }}

),

final as (

    select
        ---------- row
        rated.team,
        rated.is_organisation,
        rated.week_start_on,
        rated.immature_reason is null as is_mature,
        rated.immature_reason,

        ---------- inner and outer loop
        rated.inner_loop_hours,
        rated.outer_loop_hours,
        cast(rated.changes_shipped as {{ dbt.type_bigint() }}) as changes_shipped,

        ---------- review
        cast(rated.review_queue as {{ dbt.type_bigint() }}) as review_queue,
        rated.unreviewed_rate,
        {{ shipworthy.wilson_limits('rated.unreviewed_rate', 'rated.changes_shipped') | indent(8) }},
        cast(rated.unreviewed_changes as {{ dbt.type_bigint() }}) as unreviewed_changes,
        rated.requests_per_reviewer,
        cast(rated.reviewed_requests as {{ dbt.type_bigint() }}) as reviewed_requests,
        cast(rated.reviewers as {{ dbt.type_bigint() }}) as reviewers,

        ---------- quality
        rated.defects_per_builder,
        cast(rated.defects as {{ dbt.type_bigint() }}) as defects,
        rated.builders,
        rated.incidents_per_shipped_change,
        cast(rated.incidents as {{ dbt.type_bigint() }}) as incidents,

        ---------- 52 weeks before
        {%- for measure in measures %}
        {%- if measure == 'review_queue' %}
        case when not rated.is_suppressed then cast(year_before.{{ measure }} as {{ dbt.type_bigint() }}) end
            as {{ measure }}_52_weeks_before,
        {%- else %}
        case when not rated.is_suppressed then year_before.{{ measure }} end as {{ measure }}_52_weeks_before,
        {%- endif %}
        {%- endfor %}

        ---------- how sure
        rated.is_suppressed,
        coalesce(
            rated.no_requests_reason,
            rated.no_reviews_reason,
            rated.no_incidents_reason,
            rated.no_changes_reason,
            case
                when rated.changes_shipped = 0 then 'no_change_shipped'
                when rated.reviewers = 0 then 'no_review'
            end
        ) as null_reason,
        case
            when rated.is_suppressed then rated.no_changes_reason
            when year_before.team is null then 'no_row_52_weeks_before'
            when year_before.is_suppressed then 'suppressed_52_weeks_before'
            when
                coalesce(
                    year_before.no_requests_reason,
                    year_before.no_reviews_reason,
                    year_before.no_incidents_reason,
                    year_before.no_changes_reason
                ) is not null
                then 'not_loaded_52_weeks_before'
        end as year_before_null_reason

    from rated

    left join rated as year_before
        on
            rated.team = year_before.team
            and rated.is_organisation = year_before.is_organisation
            and rated.week_start_on
            = cast({{ shipworthy.add_days('cast(year_before.week_start_on as timestamp)', 364) }} as date)

)

select * from final
