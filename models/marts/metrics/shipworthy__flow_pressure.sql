{{ config(alias='flow_pressure') }}

{%- set measures = [
    'inner_loop_hours', 'outer_loop_hours', 'review_queue', 'unreviewed_rate', 'requests_per_reviewer',
    'defects_per_builder', 'incidents_per_shipped_change'
] %}
{#- A team rests on the repositories that it ships from; one that ships nothing, on all. Incidents are everybody's. -#}
{%- set flow_known_through =
    'least(as_of.incidents_known_through, case when teams_known.team is null then as_of.requests_known_through '
    ~ 'else least(teams_known.requests_known_through, teams_known.shipping_known_through) end)'
%}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_placed') }}

),

human_reviews as (

    select * from {{ ref('shipworthy', 'int_shipworthy__human_reviews') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__incidents') }}

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

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

review_feeds as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_feeds') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

earliest as (

    select * from changes

    where is_earliest

),

dated_requests as (

    select
        repository,
        number,
        team,
        opened_at,
        coalesce(ready_at, opened_at) as ready_at,
        case
            when merged_at is null then closed_at
            when closed_at is null then merged_at
            else least(merged_at, closed_at)
        end as ended_at

    from requests

),

reviewed as (

    select
        requests.team,
        requests.repository,
        requests.number,
        human_reviews.reviewer_key,
        {{ shipworthy.week_start_on('human_reviews.submitted_at') }} as week_start_on

    from human_reviews

    inner join requests
        on
            human_reviews.repository = requests.repository
            and human_reviews.number = requests.number

),

seen as (

    select
        team,
        min(week_start_on) as week_start_on

    from earliest

    group by team

    union all

    select
        team,
        min({{ shipworthy.week_start_on('opened_at') }}) as week_start_on

    from dated_requests

    group by team

    union all

    select
        team,
        min(opened_week_start_on) as week_start_on

    from incidents

    group by team

),

teams as (

    select
        team,
        false as is_organisation,
        min(week_start_on) as first_week_start_on

    from seen

    group by team

    union all

    select
        'all teams' as team,
        true as is_organisation,
        min(week_start_on) as first_week_start_on

    from seen

),

scopes as (

    select
        teams.team,
        teams.is_organisation,
        weeks.week_start_on,
        least(
            {{ shipworthy.add_days('cast(weeks.week_start_on as timestamp)', 7) }}, as_of.as_of_at
        ) as seen_at,
        case when teams.is_organisation then organisation_builders.builders else builders.builders end as builders

    from teams

    inner join weeks
        on teams.first_week_start_on <= weeks.week_start_on

    cross join as_of

    left join builders
        on
            teams.team = builders.team
            and weeks.week_start_on = builders.week_start_on

    left join organisation_builders
        on weeks.week_start_on = organisation_builders.week_start_on

),

shipped_summed as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        count(*) as changes_shipped,
        sum(case when earliest.human_reviews = 0 then 1 else 0 end) as unreviewed_changes,
        sum(case when earliest.is_fix then 1 else 0 end) as defects,
        {{ shipworthy.median('earliest.coding_hours') }} as inner_loop_hours,
        {{ shipworthy.median('earliest.outer_loop_hours') }} as outer_loop_hours

    from scopes

    inner join earliest
        on
            scopes.week_start_on = earliest.week_start_on
            and (scopes.is_organisation or scopes.team = earliest.team)

    group by scopes.team, scopes.is_organisation, scopes.week_start_on

),

-- Open and ready when the week ends; the week of as_of, as far as it has come.
queued as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        count(*) as review_queue

    from scopes

    inner join dated_requests
        on
            (scopes.is_organisation or scopes.team = dated_requests.team)
            and dated_requests.ready_at <= scopes.seen_at
            and (dated_requests.ended_at is null or scopes.seen_at < dated_requests.ended_at)

    group by scopes.team, scopes.is_organisation, scopes.week_start_on

),

reviewed_summed as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        count(distinct reviewed.repository || '#' || cast(reviewed.number as {{ dbt.type_string() }}))
            as reviewed_requests,
        count(distinct reviewed.reviewer_key) as reviewers

    from scopes

    inner join reviewed
        on
            scopes.week_start_on = reviewed.week_start_on
            and (scopes.is_organisation or scopes.team = reviewed.team)

    group by scopes.team, scopes.is_organisation, scopes.week_start_on

),

incidents_summed as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        count(*) as incidents

    from scopes

    inner join incidents
        on
            scopes.week_start_on = incidents.opened_week_start_on
            and (scopes.is_organisation or scopes.team = incidents.team)

    group by scopes.team, scopes.is_organisation, scopes.week_start_on

),

joined as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        scopes.builders,
        coalesce(shipped_summed.changes_shipped, 0) as changes_shipped,
        coalesce(shipped_summed.unreviewed_changes, 0) as unreviewed_changes,
        coalesce(shipped_summed.defects, 0) as defects,
        shipped_summed.inner_loop_hours,
        shipped_summed.outer_loop_hours,
        coalesce(queued.review_queue, 0) as review_queue,
        coalesce(reviewed_summed.reviewed_requests, 0) as reviewed_requests,
        coalesce(reviewed_summed.reviewers, 0) as reviewers,
        coalesce(incidents_summed.incidents, 0) as incidents,
        {{ shipworthy.is_hidden('groups_shown') }} as is_suppressed,
        {{ shipworthy.hidden_because('groups_shown') }} as hidden_because

    from scopes

    left join groups_shown
        on
            scopes.team = groups_shown.team
            and scopes.is_organisation = groups_shown.is_organisation
            and scopes.week_start_on = groups_shown.week_start_on

    left join shipped_summed
        on
            scopes.team = shipped_summed.team
            and scopes.is_organisation = shipped_summed.is_organisation
            and scopes.week_start_on = shipped_summed.week_start_on

    left join queued
        on
            scopes.team = queued.team
            and scopes.is_organisation = queued.is_organisation
            and scopes.week_start_on = queued.week_start_on

    left join reviewed_summed
        on
            scopes.team = reviewed_summed.team
            and scopes.is_organisation = reviewed_summed.is_organisation
            and scopes.week_start_on = reviewed_summed.week_start_on

    left join incidents_summed
        on
            scopes.team = incidents_summed.team
            and scopes.is_organisation = incidents_summed.is_organisation
            and scopes.week_start_on = incidents_summed.week_start_on

),

-- A feed that is not loaded says nothing about what it would have said.
shown as (

    select
        joined.team,
        joined.is_organisation,
        joined.week_start_on,
        {{ shipworthy.immature_reason(
            shipworthy.add_days('cast(joined.week_start_on as timestamp)', 7),
            'as_of.as_of_at',
            flow_known_through
        ) | indent(8) }} as immature_reason,
        joined.is_suppressed,
        joined.hidden_because,
        review_feeds.has_pull_requests,
        review_feeds.has_reviews,
        as_of.has_incidents,
        case when not joined.is_suppressed then joined.builders end as builders,
        case when not joined.is_suppressed then joined.changes_shipped end as changes_shipped,
        case when not joined.is_suppressed then joined.defects end as defects,
        case when not joined.is_suppressed and review_feeds.has_pull_requests then joined.inner_loop_hours end
            as inner_loop_hours,
        case when not joined.is_suppressed and review_feeds.has_pull_requests then joined.outer_loop_hours end
            as outer_loop_hours,
        case when not joined.is_suppressed and review_feeds.has_pull_requests then joined.review_queue end
            as review_queue,
        {%- for measure in ['unreviewed_changes', 'reviewed_requests', 'reviewers'] %}
        case
            when not joined.is_suppressed and review_feeds.has_pull_requests and review_feeds.has_reviews
                then joined.{{ measure }}
        end as {{ measure }},
        {%- endfor %}
        case when not joined.is_suppressed and as_of.has_incidents then joined.incidents end as incidents

    from joined

    cross join as_of

    cross join review_feeds

    left join teams_known
        on
            joined.team = teams_known.team
            and joined.is_organisation = teams_known.is_organisation

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
        rated.immature_reason is null as is_mature,
        rated.immature_reason,

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
        case
            when rated.is_suppressed then rated.hidden_because
            when not rated.has_pull_requests then 'pull_requests_not_loaded'
            when not rated.has_reviews then 'reviews_not_loaded'
            when not rated.has_incidents then 'incidents_not_loaded'
            when rated.changes_shipped = 0 then 'no_change_shipped'
            when rated.reviewers = 0 then 'no_review'
        end as null_reason,
        case
            when rated.is_suppressed then rated.hidden_because
            when year_before.team is null then 'no_row_52_weeks_before'
            when year_before.is_suppressed then 'suppressed_52_weeks_before'
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
