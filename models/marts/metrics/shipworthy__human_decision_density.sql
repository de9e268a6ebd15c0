{{ config(alias='human_decision_density') }}

{%- set shares = [
    ('directed_share', 'directed_changes', 'changes_shipped', 'are_decisions_shown'),
    ('unreviewed_rate', 'unreviewed_changes', 'changes_shipped', 'is_shown'),
    ('rubber_stamp_rate', 'rubber_stamped_changes', 'reviewed_changes', 'are_stamps_shown'),
] %}

with

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_delivered') }}

),

requests as (

    select * from {{ ref('shipworthy', 'int_shipworthy__requests_decided') }}

),

team_weeks as (

    select * from {{ ref('shipworthy', 'int_shipworthy__team_weeks_shipped') }}

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

-- It shipped nothing, so no team-week has it: the organisation does, in the week it closed.
refused as (

    select
        {{ shipworthy.week_start_on('refused_at') }} as week_start_on,
        count(*) as closed_unmerged_decisions

    from requests

    where refused_at is not null

    group by {{ shipworthy.week_start_on('refused_at') }}

),

organisation_weeks as (

    select week_start_on from team_weeks

    union

    select week_start_on from refused

),

scopes as (

    select
        team,
        false as is_organisation,
        week_start_on,
        builders

    from team_weeks

    union all

    select
        'all teams' as team,
        true as is_organisation,
        organisation_weeks.week_start_on,
        organisation_builders.builders

    from organisation_weeks

    left join organisation_builders
        on organisation_weeks.week_start_on = organisation_builders.week_start_on

),

{% set kinds = ['all', 'ai', 'human', 'automation', 'unknown'] -%}
authorships as (
    {% for authorship in kinds %}
    select '{{ authorship }}' as authorship
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Each change once, in the week and team of its earliest shipping; in four sums: by team and over all, by authorship
-- and of any.
earliest as (

    select
        team,
        week_start_on,
        authorship,
        decisions,
        human_reviews,
        is_rubber_stamped

    from changes

    where is_earliest

),

summed as (

    select
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        authorships.authorship,
        scopes.builders,
        count(earliest.decisions) as changes_shipped,
        coalesce(sum(earliest.decisions), 0) as shipped_decisions,
        coalesce(sum(case when earliest.decisions > 0 then 1 else 0 end), 0) as directed_changes,
        coalesce(sum(case when earliest.human_reviews = 0 then 1 else 0 end), 0) as unreviewed_changes,
        coalesce(sum(case when earliest.human_reviews > 0 then 1 else 0 end), 0) as reviewed_changes,
        coalesce(sum(case when earliest.is_rubber_stamped then 1 else 0 end), 0) as rubber_stamped_changes

    from scopes

    cross join authorships

    left join earliest
        on
            scopes.week_start_on = earliest.week_start_on
            and (scopes.is_organisation or scopes.team = earliest.team)
            and (authorships.authorship = 'all' or authorships.authorship = earliest.authorship)

    group by
        scopes.team,
        scopes.is_organisation,
        scopes.week_start_on,
        authorships.authorship,
        scopes.builders

),

rated as (

    select
        summed.*,
        case
            when summed.is_organisation and summed.authorship = 'all'
                then coalesce(refused.closed_unmerged_decisions, 0)
            else 0
        end as closed_unmerged_decisions,
        {%- for share, part, whole, _ in shares %}
        {{ shipworthy.safe_ratio('summed.' ~ part, 'summed.' ~ whole) }} as {{ share }},
        {%- endfor %}
        coalesce(
            {{ shipworthy.add_days('cast(summed.week_start_on as timestamp)', 7) }} <= review_feeds.complete_through,
            false
        ) as is_mature,
        review_feeds.has_pull_requests,
        review_feeds.has_reviews,
        review_feeds.has_pull_request_commits,
        review_feeds.has_pull_request_commit_files,
        review_feeds.has_review_threads,
        review_feeds.has_thread_counts,
        {{ shipworthy.is_hidden('groups_shown') }} as is_suppressed,
        {{ shipworthy.hidden_because('groups_shown') }} as hidden_because

    from summed

    cross join review_feeds

    left join groups_shown
        on
            summed.team = groups_shown.team
            and summed.is_organisation = groups_shown.is_organisation
            and summed.week_start_on = groups_shown.week_start_on

    left join refused
        on summed.week_start_on = refused.week_start_on

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
        is_mature,

        ---------- decisions
        case
            when are_decisions_shown
                then {{ shipworthy.safe_ratio('(shipped_decisions + closed_unmerged_decisions)', 'changes_shipped') }}
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
        cast(
            case when {{ condition }} then {{ shipworthy.wilson_low(share, whole) }} end
            as {{ shipworthy.type_double() }}
        ) as {{ share }}_low,
        cast(
            case when {{ condition }} then {{ shipworthy.wilson_high(share, whole) }} end
            as {{ shipworthy.type_double() }}
        ) as {{ share }}_high,
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
