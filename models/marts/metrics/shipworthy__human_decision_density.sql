{{ config(alias='human_decision_density') }}

{%- set shares = [
    ('directed_share', 'directed_changes', 'changes_shipped', 'are_decisions_shown'),
    ('unreviewed_rate', 'unreviewed_changes', 'changes_shipped', 'is_shown'),
    ('rubber_stamp_rate', 'rubber_stamped_changes', 'reviewed_changes', 'are_stamps_shown'),
] %}
{#- A team rests on the repositories that it ships from; one that ships nothing, on all. -#}
{%- set decisions_known_through =
    'case when teams_known.team is null then as_of.requests_known_through '
    ~ 'else least(teams_known.requests_known_through, teams_known.shipping_known_through) end'
%}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_by_team_week') }}

),

scopes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__decision_weeks') }}

),

visibility as (

    select * from {{ ref('shipworthy', 'int_shipworthy__group_visibility') }}

),

teams_known as (

    select * from {{ ref('shipworthy', 'int_shipworthy__teams_known') }}

),

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

review_feeds as (

    select * from {{ ref('shipworthy', 'int_shipworthy__review_feeds') }}

),

{% set kinds = ['all', 'ai', 'human', 'automation', 'unknown'] -%}
authorships as (
    {% for authorship in kinds %}
    select '{{ authorship }}' as authorship
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

summed as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        authorships.authorship,
        scopes.builders,
        case when authorships.authorship = 'all' then scopes.closed_unmerged_decisions else 0 end
            as closed_unmerged_decisions,
        coalesce(changes.changes_shipped, 0) as changes_shipped,
        coalesce(changes.shipped_decisions, 0) as shipped_decisions,
        coalesce(changes.directed_changes, 0) as directed_changes,
        coalesce(changes.unreviewed_changes, 0) as unreviewed_changes,
        coalesce(changes.reviewed_changes, 0) as reviewed_changes,
        coalesce(changes.rubber_stamped_changes, 0) as rubber_stamped_changes

    from scopes

    cross join authorships

    left join changes
        on
            scopes.team = changes.team
            and scopes.is_organisation = changes.is_organisation
            and scopes.week_start_on = changes.week_start_on
            and authorships.authorship = changes.authorship

),

rated as (

    select
        summed.*,
        {%- for share, part, whole, _ in shares %}
        {{ shipworthy.safe_ratio('summed.' ~ part, 'summed.' ~ whole) }} as {{ share }},
        {%- endfor %}
        {{ shipworthy.immature_reason(
            shipworthy.add_days('cast(summed.week_start_on as timestamp)', 7),
            'as_of.as_of_at',
            decisions_known_through
        ) | indent(8) }} as immature_reason,
        review_feeds.has_pull_requests,
        review_feeds.has_reviews,
        review_feeds.has_pull_request_commits,
        review_feeds.has_pull_request_commit_files,
        review_feeds.has_review_threads,
        review_feeds.has_thread_counts,
        {{ shipworthy.is_hidden('visibility') }} as is_suppressed,
        {{ shipworthy.hidden_because('visibility') }} as hidden_because

    from summed

    cross join as_of

    cross join review_feeds

    left join teams_known
        on
            summed.team = teams_known.team
            and summed.is_organisation = teams_known.is_organisation

    left join visibility
        on
            summed.team = visibility.team
            and summed.is_organisation = visibility.is_organisation
            and summed.week_start_on = visibility.week_start_on

),

hidden as (

    select
        *,
        has_pull_requests and has_reviews and not is_suppressed as is_shown

    from rated

),

-- A decision is known by what was pushed after it and by the files that were touched.
known as (

    select
        *,
        is_shown and has_pull_request_commits and has_pull_request_commit_files and has_review_threads
            as are_decisions_shown,
        is_shown and has_thread_counts as are_stamps_shown

    from hidden

),

final as (

    select
        ---------- row
        team,
        is_organisation,
        week_start_on,
        authorship,
        immature_reason is null as is_mature,
        immature_reason,

        ---------- decisions
        case
            when are_decisions_shown
                then {{ shipworthy.safe_ratio('shipped_decisions', 'changes_shipped') }}
        end as human_decision_density,
        case
            when are_decisions_shown then cast(shipped_decisions + closed_unmerged_decisions as {{ dbt.type_bigint() }})
        end as decisions,
        case when are_decisions_shown then cast(shipped_decisions as {{ dbt.type_bigint() }}) end as shipped_decisions,
        case when is_shown then cast(closed_unmerged_decisions as {{ dbt.type_bigint() }}) end
            as closed_unmerged_decisions,
        case when not is_suppressed then cast(changes_shipped as {{ dbt.type_bigint() }}) end as changes_shipped,
        {%- for share, part, whole, condition in shares %}

        ---------- {{ share }}
        case when {{ condition }} then {{ share }} end as {{ share }},
        {{ shipworthy.wilson_limits(share, whole, condition) | indent(8) }},
        case when {{ condition }} then cast({{ part }} as {{ dbt.type_bigint() }}) end as {{ part }},
        {%- endfor %}
        case when is_shown then cast(reviewed_changes as {{ dbt.type_bigint() }}) end as reviewed_changes,

        ---------- how sure
        case when not is_suppressed then builders end as builders,
        is_suppressed,
        case
            when not has_pull_requests then 'pull_requests_not_loaded'
            when not has_reviews then 'reviews_not_loaded'
            when is_suppressed then hidden_because
            when not has_pull_request_commits then 'pull_request_commits_not_loaded'
            when not has_pull_request_commit_files then 'pull_request_commit_files_not_loaded'
            when not has_review_threads then 'review_threads_not_loaded'
            when changes_shipped = 0 then 'no_change_shipped'
            when reviewed_changes = 0 then 'no_reviewed_change'
        end as null_reason

    from known

)

select * from final
