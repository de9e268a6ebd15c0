with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_dated') }}

),

human_reviews as (

    select * from {{ ref('shipworthy', 'int_shipworthy__human_reviews') }}

),

incidents as (

    select * from {{ ref('shipworthy', 'fct_shipworthy__incidents') }}

),

queued as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_queue_by_team_week') }}

),

weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__weeks') }}

),

scopes as (

    select false as is_organisation

    union all

    select true as is_organisation

),

shipped as (

    select
        case when scopes.is_organisation then 'all teams' else changes.team end as team,
        scopes.is_organisation,
        changes.week_start_on,
        count(*) as changes_shipped,
        sum(case when changes.human_reviews = 0 then 1 else 0 end) as unreviewed_changes,
        sum(case when changes.is_fix then 1 else 0 end) as defects,
        {{ shipworthy.median('changes.coding_hours') }} as inner_loop_hours,
        {{ shipworthy.median('changes.outer_loop_hours') }} as outer_loop_hours

    from changes

    cross join scopes

    where changes.is_earliest

    group by
        case when scopes.is_organisation then 'all teams' else changes.team end,
        scopes.is_organisation,
        changes.week_start_on

),

requests_reviewed as (

    select
        requests.team,
        requests.repository || '#' || cast(requests.number as {{ dbt.type_string() }}) as request,
        human_reviews.reviewer_key,
        {{ shipworthy.week_start_on('human_reviews.submitted_at') }} as week_start_on

    from human_reviews

    inner join requests
        on
            human_reviews.repository = requests.repository
            and human_reviews.number = requests.number

),

reviewed as (

    select
        case when scopes.is_organisation then 'all teams' else requests_reviewed.team end as team,
        scopes.is_organisation,
        requests_reviewed.week_start_on,
        count(distinct requests_reviewed.request) as reviewed_requests,
        count(distinct requests_reviewed.reviewer_key) as reviewers

    from requests_reviewed

    cross join scopes

    group by
        case when scopes.is_organisation then 'all teams' else requests_reviewed.team end,
        scopes.is_organisation,
        requests_reviewed.week_start_on

),

opened as (

    select
        case when scopes.is_organisation then 'all teams' else incidents.team end as team,
        scopes.is_organisation,
        incidents.opened_week_start_on as week_start_on,
        count(*) as incidents

    from incidents

    cross join scopes

    group by
        case when scopes.is_organisation then 'all teams' else incidents.team end,
        scopes.is_organisation,
        incidents.opened_week_start_on

),

requested as (

    select
        case when scopes.is_organisation then 'all teams' else requests.team end as team,
        scopes.is_organisation,
        min({{ shipworthy.week_start_on('requests.opened_at') }}) as week_start_on

    from requests

    cross join scopes

    group by case when scopes.is_organisation then 'all teams' else requests.team end, scopes.is_organisation

),

-- From the first that is known of a team on, every week.
seen as (
    {% for part in ['shipped', 'requested', 'opened'] %}
    select
        '{{ part }}' as part,
        team,
        is_organisation,
        week_start_on

    from {{ part }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

all_weeks as (

    select
        min(week_start_on) as first_week_start_on,
        max(week_start_on) as last_week_start_on

    from weeks

),

first_weeks as (

    select
        team,
        is_organisation,
        min(week_start_on) as week_start_on

    from seen

    group by team, is_organisation

),

team_weeks as (

    select
        first_weeks.team,
        first_weeks.is_organisation,
        {{ shipworthy.weeks_between(
            'greatest(first_weeks.week_start_on, all_weeks.first_week_start_on)', 'all_weeks.last_week_start_on'
        ) | indent(8) }} as week_start_on

    from first_weeks

    cross join all_weeks

    where first_weeks.week_start_on is not null

),

-- Each input speaks from its first row on; one that is loaded and empty, always.
spoken as (

    select
        min(case when seen.part = 'shipped' then seen.week_start_on end) as first_change_on,
        min(case when seen.part = 'requested' then seen.week_start_on end) as first_request_on,
        min(case when seen.part = 'opened' then seen.week_start_on end) as first_incident_on,
        (select min(reviewed.week_start_on) as first_review_on from reviewed) as first_review_on

    from seen

),

final as (

    select
        team_weeks.team,
        team_weeks.is_organisation,
        team_weeks.week_start_on,
        coalesce(shipped.changes_shipped, 0) as changes_shipped,
        coalesce(shipped.unreviewed_changes, 0) as unreviewed_changes,
        coalesce(shipped.defects, 0) as defects,
        shipped.inner_loop_hours,
        shipped.outer_loop_hours,
        coalesce(queued.review_queue, 0) as review_queue,
        coalesce(reviewed.reviewed_requests, 0) as reviewed_requests,
        coalesce(reviewed.reviewers, 0) as reviewers,
        coalesce(opened.incidents, 0) as incidents,
        coalesce(team_weeks.week_start_on < spoken.first_change_on, false) as is_before_changes,
        coalesce(team_weeks.week_start_on < spoken.first_request_on, false) as is_before_requests,
        coalesce(team_weeks.week_start_on < spoken.first_review_on, false) as is_before_reviews,
        coalesce(team_weeks.week_start_on < spoken.first_incident_on, false) as is_before_incidents

    from team_weeks

    cross join spoken
    {% for part in ['shipped', 'queued', 'reviewed', 'opened'] %}
    left join {{ part }}
        on
            team_weeks.team = {{ part }}.team
            and team_weeks.is_organisation = {{ part }}.is_organisation
            and team_weeks.week_start_on = {{ part }}.week_start_on
    {% endfor %}
)

select * from final
