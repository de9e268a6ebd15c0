{{ config(alias='flow_pressure') }}

{%- set measures = [
    'inner_loop_hours', 'outer_loop_hours', 'review_queue', 'unreviewed_rate', 'requests_per_reviewer',
    'defects_per_builder', 'incidents_per_shipped_change'
] %}

with

flow as (

    select * from {{ ref('shipworthy', 'int_shipworthy__flow_by_team_week') }}

),

builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__builders_counted') }}

),

organisation_builders as (

    select * from {{ ref('shipworthy', 'int_shipworthy__organisation_builders') }}

),

groups_shown as (

    select * from {{ ref('shipworthy', 'int_shipworthy__groups_shown') }}

),

review_feeds as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_feeds') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

joined as (

    select
        flow.*,
        case when flow.is_organisation then organisation_builders.builders else builders.builders end as builders,
        {{ shipworthy.is_hidden('groups_shown') }} as is_suppressed,
        {{ shipworthy.hidden_because('groups_shown') }} as hidden_because

    from flow

    left join builders
        on
            flow.team = builders.team
            and flow.week_start_on = builders.week_start_on

    left join organisation_builders
        on flow.week_start_on = organisation_builders.week_start_on

    left join groups_shown
        on
            flow.team = groups_shown.team
            and flow.is_organisation = groups_shown.is_organisation
            and flow.week_start_on = groups_shown.week_start_on

),

-- A feed that is not loaded, or not yet, says nothing about what it would have said.
known as (

    select
        joined.*,
        coalesce(
            {{ shipworthy.add_days('cast(joined.week_start_on as timestamp)', 7) }}
            <= case when review_feeds.has_pull_requests then review_feeds.complete_through else as_of.as_of_at end,
            false
        ) as is_mature,
        case
            when joined.is_suppressed then joined.hidden_because
            when joined.is_before_changes then 'before_changes'
        end as no_changes_reason,
        case
            when joined.is_suppressed then joined.hidden_because
            when not review_feeds.has_pull_requests then 'pull_requests_not_loaded'
            when joined.is_before_requests then 'before_pull_requests'
        end as no_requests_reason,
        case
            when joined.is_suppressed then joined.hidden_because
            when not review_feeds.has_pull_requests then 'pull_requests_not_loaded'
            when not review_feeds.has_reviews then 'reviews_not_loaded'
            when joined.is_before_reviews then 'before_reviews'
        end as no_reviews_reason,
        case
            when joined.is_suppressed then joined.hidden_because
            when not as_of.has_incidents then 'incidents_not_loaded'
            when joined.is_before_incidents then 'before_incidents'
        end as no_incidents_reason

    from joined

    cross join as_of

    cross join review_feeds

),

shown as (

    select
        team,
        is_organisation,
        week_start_on,
        is_mature,
        is_suppressed,
        no_changes_reason,
        no_requests_reason,
        no_reviews_reason,
        no_incidents_reason,
        case when not is_suppressed then builders end as builders,
        case when no_changes_reason is null then changes_shipped end as changes_shipped,
        case when no_changes_reason is null then defects end as defects,
        case when no_requests_reason is null then inner_loop_hours end as inner_loop_hours,
        case when no_requests_reason is null then outer_loop_hours end as outer_loop_hours,
        case when no_requests_reason is null then review_queue end as review_queue,
        case when coalesce(no_reviews_reason, no_changes_reason) is null then unreviewed_changes end
            as unreviewed_changes,
        case when no_reviews_reason is null then reviewed_requests end as reviewed_requests,
        case when no_reviews_reason is null then reviewers end as reviewers,
        case when no_incidents_reason is null then incidents end as incidents

    from known

),

rated as (

    select
        *,
        {{ shipworthy.safe_ratio('unreviewed_changes', 'changes_shipped') }} as unreviewed_rate,
        {{ shipworthy.safe_ratio('reviewed_requests', 'reviewers') }} as requests_per_reviewer,
        {{ shipworthy.safe_ratio('defects', 'builders') }} as defects_per_builder,
        {{ shipworthy.safe_ratio('incidents', 'changes_shipped') }} as incidents_per_shipped_change

    from shown

),

final as (

    select
        ---------- row
        rated.team,
        rated.is_organisation,
        rated.week_start_on,
        rated.is_mature,

        ---------- inner and outer loop
        rated.inner_loop_hours,
        rated.outer_loop_hours,
        cast(rated.changes_shipped as {{ dbt.type_bigint() }}) as changes_shipped,

        ---------- review
        cast(rated.review_queue as {{ dbt.type_bigint() }}) as review_queue,
        rated.unreviewed_rate,
        cast(
            {{ shipworthy.wilson_low('rated.unreviewed_rate', 'rated.changes_shipped') }}
            as {{ shipworthy.type_double() }}
        ) as unreviewed_rate_low,
        cast(
            {{ shipworthy.wilson_high('rated.unreviewed_rate', 'rated.changes_shipped') }}
            as {{ shipworthy.type_double() }}
        ) as unreviewed_rate_high,
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
