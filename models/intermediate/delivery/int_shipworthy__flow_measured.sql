{#- A team rests on the repositories that it ships from; one that ships nothing, on all. Incidents are everybody's. -#}
{%- set flow_known_through =
    'least(as_of.incidents_known_through, case when teams_known.team is null then as_of.requests_known_through '
    ~ 'else least(teams_known.requests_known_through, teams_known.shipping_known_through) end)'
-%}

with

scopes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__flow_weeks') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_team_week') }}

),

reviews as (

    select * from {{ ref('shipworthy', 'int_shipworthy__reviews_by_team_week') }}

),

review_queues as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_queues') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_by_team_week') }}

),

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

),

review_feeds as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_feeds') }}

),

begun as (

    select * from {{ ref('shipworthy', 'int_shipworthy__flow_begun') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

joined as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        scopes.builders,
        changes.inner_loop_hours,
        changes.outer_loop_hours,
        coalesce(changes.changes_shipped, 0) as changes_shipped,
        coalesce(changes.unreviewed_changes, 0) as unreviewed_changes,
        coalesce(changes.defects, 0) as defects,
        coalesce(review_queues.review_queue, 0) as review_queue,
        coalesce(reviews.reviewed_requests, 0) as reviewed_requests,
        coalesce(reviews.reviewers, 0) as reviewers,
        coalesce(incidents.incidents, 0) as incidents,
        {{ shipworthy.is_hidden('visibility') }} as is_suppressed,
        {{ shipworthy.hidden_because('visibility') }} as hidden_because

    from scopes

    left join visibility
        on
            scopes.team = visibility.team
            and scopes.is_organisation = visibility.is_organisation
            and scopes.week_start_on = visibility.week_start_on

    left join changes
        on
            scopes.team = changes.team
            and scopes.is_organisation = changes.is_organisation
            and scopes.week_start_on = changes.week_start_on
            and changes.authorship = 'all'

    left join reviews
        on
            scopes.team = reviews.team
            and scopes.is_organisation = reviews.is_organisation
            and scopes.week_start_on = reviews.week_start_on

    left join review_queues
        on
            scopes.team = review_queues.team
            and scopes.is_organisation = review_queues.is_organisation
            and scopes.week_start_on = review_queues.week_start_on

    left join incidents
        on
            scopes.team = incidents.team
            and scopes.is_organisation = incidents.is_organisation
            and scopes.week_start_on = incidents.week_start_on

),

-- A feed that is not loaded, or not yet, says nothing about what it would have said.
known as (

    select
        joined.*,
        {{ shipworthy.immature_reason(
            shipworthy.add_days('cast(joined.week_start_on as timestamp)', 7),
            'as_of.as_of_at',
            flow_known_through
        ) | indent(8) }} as immature_reason,
        case
            when joined.is_suppressed then joined.hidden_because
            when joined.week_start_on < begun.first_change_on then 'before_changes'
        end as no_changes_reason,
        case
            when joined.is_suppressed then joined.hidden_because
            when not review_feeds.has_pull_requests then 'pull_requests_not_loaded'
            when joined.week_start_on < begun.first_request_on then 'before_pull_requests'
        end as no_requests_reason,
        case
            when joined.is_suppressed then joined.hidden_because
            when not review_feeds.has_pull_requests then 'pull_requests_not_loaded'
            when not review_feeds.has_reviews then 'reviews_not_loaded'
            when joined.week_start_on < begun.first_review_on then 'before_reviews'
        end as no_reviews_reason,
        case
            when joined.is_suppressed then joined.hidden_because
            when not as_of.has_incidents then 'incidents_not_loaded'
            when joined.week_start_on < begun.first_incident_on then 'before_incidents'
        end as no_incidents_reason

    from joined

    cross join as_of

    cross join review_feeds

    cross join begun

    left join teams_known
        on
            joined.team = teams_known.team
            and joined.is_organisation = teams_known.is_organisation

),

shown as (

    select
        team,
        is_organisation,
        week_start_on,
        immature_reason,
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

final as (

    select
        *,
        {{ shipworthy.safe_ratio('unreviewed_changes', 'changes_shipped') }} as unreviewed_rate,
        {{ shipworthy.safe_ratio('reviewed_requests', 'reviewers') }} as requests_per_reviewer,
        {{ shipworthy.safe_ratio('defects', 'builders') }} as defects_per_builder,
        {{ shipworthy.safe_ratio('incidents', 'changes_shipped') }} as incidents_per_shipped_change

    from shown

)

select * from final
