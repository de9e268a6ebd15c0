{{ config(alias='data_quality') }}

{#- What is looked for: input, reason, condition on a row of <input>_checked, its key, how they are handled (left_out:
    enters no metric; handled: by a rule of docs/metrics.md; as_is: counted as it stands), and what happens, in words. A
    key that names a person is shown to nobody. -#}
{%- set commit_key = "repository || ' ' || sha" -%}
{%- set line_key = "repository || ' ' || added_sha || ' ' || path" -%}
{%- set list_key = "deployment_id || ' ' || sha" -%}
{%- set request_key = "repository || ' ' || cast(number as " ~ dbt.type_string() ~ ")" -%}
{%- set review_key = "repository || ' ' || review_id" -%}
{%- set branch_commit_key = request_key ~ " || ' ' || sha" -%}
{%- set thread_key = request_key ~ " || ' ' || thread_id" -%}
{%- set metric_key = "service || ' ' || metric" -%}
{%- set cost_key = "team || ' ' || category" -%}
{%- set watermark_key = "input_name || ' ' || source" -%}
{%- set keys = {
    'repositories': 'repository', 'commits': commit_key, 'line_births': line_key, 'line_deaths': line_key,
    'pull_requests': request_key, 'pull_request_commits': branch_commit_key,
    'pull_request_commit_files': branch_commit_key, 'reviews': review_key, 'review_threads': thread_key,
    'deployments': 'deployment_id',
    'deployment_commits': list_key, 'incidents': 'incident_id', 'ai_usage': 'usage_id', 'people': 'team',
    'identities': "cast(null as " ~ dbt.type_string() ~ ")", 'services': 'service',
    'product_metrics': metric_key, 'costs': cost_key, 'load_watermarks': watermark_key
} -%}
{%- set checks = [
    ['repositories', 'shallow_clone', 'coalesce(is_shallow, false)', 'as_is', 'its lines cannot be dated'],

    ['commits', 'no_landing_time', 'mainline_position is not null and landed_at is null', 'left_out', 'no change, and its lines are in no metric'],
    ['commits', 'position_taken_twice', 'is_position_taken_twice', 'as_is', 'both ship with the deployment that reaches the position'],
    ['commits', 'negative_lines', 'least(lines_added, lines_removed, ai_lines_added, files_changed) < 0', 'as_is', 'counts only where a repository has no line births'],
    ['commits', 'authored_after_landing', 'authored_at > landed_at', 'as_is', 'clock skew; landing decides'],
    ['commits', 'reverts_unknown_commit', 'reverts_sha is not null and reverted_sha is null', 'handled', 'the revert repairs nothing'],
    ['commits', 'reverts_no_earlier_change', 'reverted_position >= mainline_position', 'handled', 'the revert repairs nothing; every cycle of reverts has one'],
    ['commits', 'fixes_unknown_incident', 'is_incident_unknown', 'handled', 'a fix of no incident'],

    ['line_births', 'no_change', 'change_sha is null', 'left_out', 'lines of a commit that is not on the mainline or not loaded'],
    ['line_births', 'unknown_author_commit', 'author_commit_sha is null', 'handled', 'the author of the lines is unknown'],
    ['line_births', 'no_lines', 'lines is null', 'as_is', 'adds nothing'],
    ['line_births', 'negative_lines', 'lines < 0', 'as_is', 'takes lines away'],

    ['line_deaths', 'no_birth', 'lines_born is null', 'left_out', 'lines that were never added'],
    ['line_deaths', 'more_than_born', 'lines_died > lines_born', 'as_is', 'more lines removed than added; a test stops the build'],
    ['line_deaths', 'no_removing_change', 'removing_sha is null', 'left_out', 'removed by a commit that is not on the mainline or not loaded'],
    ['line_deaths', 'removed_before_added', 'removing_position <= adding_position', 'as_is', 'an age of 0 days or less'],
    ['line_deaths', 'no_lines', 'lines is null', 'as_is', 'removes nothing'],
    ['line_deaths', 'negative_lines', 'lines < 0', 'as_is', 'gives lines back'],

    ['pull_requests', 'merged_before_opened', 'merged_at < opened_at', 'as_is', 'clock skew; a negative span is null'],
    ['pull_requests', 'merged_without_change', 'is_merged and not is_landed', 'handled', 'a request of no change'],

    ['reviews', 'no_time', 'submitted_at is null', 'left_out', 'nobody knows whether it came before the merge'],
    ['reviews', 'after_merge', 'submitted_at > merged_at', 'left_out', 'a review after the merge does not count'],
    ['reviews', 'unknown_request', 'request_number is null', 'left_out', 'a review of no request'],
    ['reviews', 'negative_threads', 'comment_threads < 0', 'as_is', 'counted as no thread'],

    ['deployments', 'no_time', 'deployed_at is null', 'left_out', 'finished, started and created are all unknown'],
    ['deployments', 'unknown_environment', 'is_environment_unknown', 'left_out', 'an environment that the seed does not list is not production'],
    ['deployments', 'no_repository', 'is_production and repository is null', 'handled', 'the repository of its service stands in'],
    ['deployments', 'unlisted_service', 'is_production and is_service_unlisted', 'handled', 'a whole-repository service of its own'],
    ['deployments', 'no_sha', "is_code and sha is null", 'handled', 'ships nothing, can fail'],
    ['deployments', 'unknown_sha', "is_code and sha is not null and commit_sha is null", 'handled', 'ships nothing, can fail'],
    ['deployments', 'off_mainline', "is_code and commit_sha is not null and not is_on_mainline", 'handled', 'ships up to where its branch left the mainline'],
    ['deployments', 'deployed_before_landed', "is_code and deployed_at < commit_landed_at", 'handled', 'clock skew; positions decide what ships'],
    ['deployments', 'finished_before_started', 'finished_at < started_at or started_at < created_at', 'as_is', 'clock skew; the finish decides'],

    ['deployment_commits', 'unknown_deployment', 'listed_deployment_id is null', 'left_out', 'a list of no deployment'],
    ['deployment_commits', 'unknown_commit', 'change_sha is null', 'handled', 'passed over'],

    ['incidents', 'no_time', 'opened_at is null', 'left_out', 'nobody knows when it opened'],
    ['incidents', 'resolved_before_opened', 'resolved_at < opened_at', 'as_is', 'clock skew; weighs as any other'],
    ['incidents', 'unknown_severity', 'is_severity_unknown', 'handled', 'weighs like sev3, and is flagged'],
    ['incidents', 'merged_into_another', "is_merged_away", 'handled', 'one incident with the one that goes on'],
    ['incidents', 'merged_into_unknown', 'is_merged_into_unknown', 'handled', 'the one of them that opened first stands for all'],
    ['incidents', 'no_service', 'is_counted and service is null', 'handled', 'never attributed by time'],
    ['incidents', 'unknown_service', 'is_counted and names_unknown_service', 'handled', 'no deployment of such a service can have caused it'],
    ['incidents', 'before_any_deployment', 'is_counted and is_before_any_deployment', 'handled', 'unattributed'],
    ['incidents', 'unknown_cause', 'is_counted and is_cause_unknown', 'handled', 'the next evidence decides'],
    ['incidents', 'unknown_fix', 'is_counted and is_fix_unknown', 'handled', 'blames nobody'],

    ['ai_usage', 'no_time', 'bucket_started_at is null', 'left_out', 'a bucket of no week'],
    ['ai_usage', 'no_person', 'person_key is null', 'left_out', 'in no team'],
    ['ai_usage', 'person_in_no_team', 'is_in_no_team', 'left_out', 'in no team on the Monday of the week'],
    ['ai_usage', 'negative_tokens', 'least(uncached_input_tokens, cache_read_tokens, cache_write_tokens, output_tokens) < 0', 'as_is', 'takes tokens away'],
    ['ai_usage', 'negative_spend', 'billed_usd < 0', 'as_is', 'a credit note'],
    ['ai_usage', 'no_model', 'model is null and output_tokens is not null', 'handled', 'a model of no known price'],

    ['people', 'in_two_teams', 'is_in_two_teams', 'handled', 'counts in each as a builder, in the first by name as an author'],
    ['people', 'ends_before_it_starts', 'valid_to_on <= valid_from_on', 'left_out', 'no day in the team'],

    ['identities', 'no_person', 'person_key is null', 'handled', 'the alias stands for itself'],
    ['identities', 'alias_of_an_alias', 'is_alias_of_an_alias', 'handled', 'followed twice, and no further'],

    ['services', 'no_team', 'team is null', 'handled', 'belongs to its repository'],
    ['services', 'no_repository', 'repository is null', 'left_out', 'owns no path'],
    ['services', 'repository_without_commits', 'repository is not null and not has_commits', 'as_is', 'owns no line'],
    ['services', 'ends_before_it_starts', 'valid_to_on <= valid_from_on', 'left_out', 'owned by nobody on no day'],

    ['product_metrics', 'no_value', 'value is null', 'left_out', 'a day without a value'],

    ['costs', 'negative_amount', 'amount_usd < 0', 'as_is', 'a credit note'],

    ['load_watermarks', 'no_loaded_through', 'loaded_through is null', 'handled', 'the newest event stands in']
] -%}
{%- for input in keys -%}
{%- for column, words in shipworthy.input_words(input).items() -%}
{%- do checks.append(
    [input, 'unknown_word_in_' ~ column, shipworthy.is_unknown_word(column, words)]
    + shipworthy.unknown_word_handling(column)
) -%}
{%- endfor -%}
{%- endfor -%}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

{% for input in keys -%}
{{ input }} as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__' ~ input) }}

),

{% endfor -%}
changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

changes_referenced as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_referenced') }}

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

    where request_number is null

),

deployments_ordered as (

    select * from {{ ref('shipworthy', 'int_shipworthy__deployments_ordered') }}

),

incidents_counted as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_counted') }}

),

incidents_merged as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incidents_merged') }}

),

incident_services as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_services_resolved') }}

),

service_paths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__service_paths') }}

),

environments as (

    select * from {{ ref('shipworthy', 'shipworthy__environments') }}

),

-- What comes after as_of is not there yet; what has no time is.
repositories_checked as (

    select * from repositories

),

reverted as (

    select
        asked_repository,
        asked_id,
        min(sha) as reverted_sha,
        min(mainline_position) as reverted_position

    from changes_referenced

    where asked_by = 'revert'

    group by asked_repository, asked_id

),

commits_checked as (

    select
        commits.*,
        commits.mainline_position is not null
        and count(*) over (partition by commits.repository, commits.mainline_position) > 1 as is_position_taken_twice,
        reverted.reverted_sha,
        reverted.reverted_position,
        as_of.has_incidents
        and commits.fixes_incident_id is not null
        and incidents.incident_id is null as is_incident_unknown

    from commits

    cross join as_of

    left join reverted
        on
            commits.repository = reverted.asked_repository
            and commits.sha = reverted.asked_id

    left join incidents
        on
            commits.fixes_incident_id = incidents.incident_id
            and incidents.opened_at <= as_of.as_of_at

    where coalesce(coalesce(commits.landed_at, commits.committed_at) <= as_of.as_of_at, true)

),

line_births_checked as (

    select
        line_births.*,
        changes.sha as change_sha,
        authors.sha as author_commit_sha

    from line_births

    cross join as_of

    left join commits as adding
        on
            line_births.repository = adding.repository
            and line_births.added_sha = adding.sha

    left join changes
        on
            line_births.repository = changes.repository
            and line_births.added_sha = changes.sha

    left join commits as authors
        on
            line_births.repository = authors.repository
            and line_births.author_sha = authors.sha

    where coalesce(adding.landed_at <= as_of.as_of_at, true)

),

born as (

    select
        repository,
        added_sha,
        path,
        author_sha,
        authorship,
        coalesce(is_moved, false) as is_moved,
        sum(coalesce(lines, 0)) as lines_born

    from line_births

    group by repository, added_sha, path, author_sha, authorship, coalesce(is_moved, false)

),

line_deaths_checked as (

    select
        line_deaths.*,
        born.lines_born,
        sum(line_deaths.lines) over (
            partition by
                line_deaths.repository,
                line_deaths.added_sha,
                line_deaths.path,
                line_deaths.author_sha,
                line_deaths.authorship,
                coalesce(line_deaths.birth_is_moved, false)
        ) as lines_died,
        changes.sha as removing_sha,
        changes.mainline_position as removing_position,
        adding.mainline_position as adding_position

    from line_deaths

    cross join as_of

    left join commits as removing
        on
            line_deaths.repository = removing.repository
            and line_deaths.removed_sha = removing.sha

    left join changes
        on
            line_deaths.repository = changes.repository
            and line_deaths.removed_sha = changes.sha

    left join changes as adding
        on
            line_deaths.repository = adding.repository
            and line_deaths.added_sha = adding.sha

    left join born
        on
            line_deaths.repository = born.repository
            and line_deaths.added_sha = born.added_sha
            and line_deaths.path = born.path
            and line_deaths.author_sha = born.author_sha
            and line_deaths.authorship = born.authorship
            and coalesce(line_deaths.birth_is_moved, false) = born.is_moved

    where coalesce(removing.landed_at <= as_of.as_of_at, true)

),

changes_numbered as (

    select distinct
        repository,
        pull_request_number

    from changes

),

pull_requests_checked as (

    select
        pull_requests.*,
        coalesce(pull_requests.merged_at <= as_of.as_of_at, false) as is_merged,
        changes_numbered.pull_request_number is not null or changes.sha is not null as is_landed

    from pull_requests

    cross join as_of

    left join changes_numbered
        on
            pull_requests.repository = changes_numbered.repository
            and pull_requests.number = changes_numbered.pull_request_number

    left join changes
        on
            pull_requests.repository = changes.repository
            and pull_requests.merge_sha = changes.sha

    where coalesce(pull_requests.opened_at <= as_of.as_of_at, true)

),

reviews_checked as (

    select
        reviews.*,
        requests.number as request_number,
        requests.merged_at

    from reviews

    cross join as_of

    left join pull_requests_checked as requests
        on
            reviews.repository = requests.repository
            and reviews.number = requests.number

    where coalesce(reviews.submitted_at <= as_of.as_of_at, true)

),

listed_services as (

    select distinct service from services

),

deployments_timed as (

    select
        *,
        coalesce(finished_at, started_at, created_at) as deployed_at,
        coalesce(status = 'success', false) and {{ shipworthy.is_production('environment') }} as is_production

    from deployments

),

deployments_checked as (

    select
        deployments_timed.*,
        coalesce(deployments_timed.is_production, false)
        and coalesce(deployments_timed.kind <> 'flag', true) as is_code,
        environments.environment is null as is_environment_unknown,
        as_of.has_services
        and deployments_timed.service is not null
        and listed_services.service is null as is_service_unlisted,
        commits_named.sha as commit_sha,
        commits_named.is_on_mainline,
        changes.landed_at as commit_landed_at

    from deployments_timed

    cross join as_of

    left join environments
        on lower(trim(deployments_timed.environment)) = environments.environment

    left join listed_services
        on deployments_timed.service = listed_services.service

    left join commits_named
        on
            deployments_timed.repository = commits_named.repository
            and deployments_timed.sha = commits_named.commit_name

    left join changes
        on
            commits_named.repository = changes.repository
            and commits_named.sha = changes.sha

    where coalesce(deployments_timed.deployed_at <= as_of.as_of_at, true)

),

deployment_commits_checked as (

    select
        deployment_commits.*,
        deployments_checked.deployment_id as listed_deployment_id,
        commits_named.change_sha

    from deployment_commits

    left join deployments_checked
        on deployment_commits.deployment_id = deployments_checked.deployment_id

    left join commits_named
        on
            deployment_commits.repository = commits_named.repository
            and deployment_commits.sha = commits_named.commit_name

),

first_deployments as (

    select
        service,
        min(deployed_at) as first_deployed_at

    from deployments_ordered

    group by service

),

first_deployment as (

    select min(deployed_at) as first_deployed_at from deployments_ordered

),

known_services as (

    select service from service_paths

    union

    select service from deployments_ordered

),

services_named as (

    select
        incident_services.incident_id,
        max(case when known_services.service is null then 1 else 0 end) as unknown_services,
        min(first_deployments.first_deployed_at) as first_deployed_at

    from incident_services

    left join known_services
        on incident_services.service = known_services.service

    left join first_deployments
        on incident_services.service = first_deployments.service

    group by incident_services.incident_id

),

changes_found as (

    select distinct
        asked_by,
        asked_id

    from changes_referenced

    where asked_by in ('cause', 'fix')

),

incidents_checked as (

    select
        incidents.*,
        incidents_counted.incident_id is not null as is_counted,
        coalesce(incidents_merged.kept_incident_id <> incidents.incident_id, false) as is_merged_away,
        incidents.merged_into_id is not null and merging.incident_id is null as is_merged_into_unknown,
        coalesce(incidents_counted.is_severity_unknown, false) as is_severity_unknown,
        coalesce(services_named.unknown_services, 0) = 1 as names_unknown_service,
        as_of.has_deployments
        and coalesce(
            incidents.opened_at < case
                when services_named.incident_id is null then first_deployment.first_deployed_at
                else services_named.first_deployed_at
            end,
            true
        ) as is_before_any_deployment,
        (incidents.caused_by_deployment_id is not null and causes.deployment_id is null)
        or (incidents.caused_by_sha is not null and causing.asked_id is null) as is_cause_unknown,
        incidents.fixed_by_sha is not null and fixing.asked_id is null as is_fix_unknown

    from incidents

    cross join as_of

    cross join first_deployment

    left join incidents_counted
        on incidents.incident_id = incidents_counted.incident_id

    left join incidents_merged
        on incidents.incident_id = incidents_merged.incident_id

    left join incidents_merged as merging
        on incidents.merged_into_id = merging.incident_id

    left join services_named
        on incidents.incident_id = services_named.incident_id

    left join deployments_ordered as causes
        on incidents.caused_by_deployment_id = causes.deployment_id

    left join changes_found as causing
        on
            incidents.incident_id = causing.asked_id
            and causing.asked_by = 'cause'

    left join changes_found as fixing
        on
            incidents.incident_id = fixing.asked_id
            and fixing.asked_by = 'fix'

    where coalesce(incidents.opened_at <= as_of.as_of_at, true)

),

memberships as (

    select
        people.team,
        people.valid_from_on,
        people.valid_to_on,
        coalesce(identities.person_key, people.person_key) as member_key

    from people

    left join identities
        on people.person_key = identities.alias_key

),

usage_placed as (

    select distinct ai_usage.usage_id

    from ai_usage

    left join identities
        on ai_usage.person_key = identities.alias_key

    inner join memberships
        on
            coalesce(identities.person_key, ai_usage.person_key) = memberships.member_key
            and (
                memberships.valid_from_on is null
                or memberships.valid_from_on <= {{ shipworthy.week_start_on('ai_usage.bucket_started_at') }}
            )
            and (
                memberships.valid_to_on is null
                or {{ shipworthy.week_start_on('ai_usage.bucket_started_at') }} < memberships.valid_to_on
            )

),

ai_usage_checked as (

    select
        ai_usage.*,
        as_of.has_people
        and ai_usage.person_key is not null
        and ai_usage.bucket_started_at is not null
        and usage_placed.usage_id is null as is_in_no_team

    from ai_usage

    cross join as_of

    left join usage_placed
        on ai_usage.usage_id = usage_placed.usage_id

    where coalesce(ai_usage.bucket_started_at <= as_of.as_of_at, true)

),

people_checked as (

    select
        people.*,
        exists(
            select 1 as found
            from memberships
            where
                memberships.member_key = coalesce(identities.person_key, people.person_key)
                and memberships.team <> people.team
                and coalesce(memberships.valid_from_on, date '0001-01-01')
                < coalesce(people.valid_to_on, date '9999-12-31')
                and coalesce(people.valid_from_on, date '0001-01-01')
                < coalesce(memberships.valid_to_on, date '9999-12-31')
        ) as is_in_two_teams

    from people

    left join identities
        on people.person_key = identities.alias_key

),

identities_checked as (

    select
        identities.*,
        followed.alias_key is not null and followed.person_key <> identities.person_key as is_alias_of_an_alias

    from identities

    left join identities as followed
        on identities.person_key = followed.alias_key

),

repositories_with_commits as (

    select distinct repository from changes

),

services_checked as (

    select
        services.*,
        repositories_with_commits.repository is not null as has_commits

    from services

    left join repositories_with_commits
        on services.repository = repositories_with_commits.repository

),

pull_request_commits_checked as (

    select pull_request_commits.*

    from pull_request_commits

    cross join as_of

    where coalesce(pull_request_commits.committed_at <= as_of.as_of_at, true)

),

pull_request_commit_files_checked as (

    select * from pull_request_commit_files

),

review_threads_checked as (

    select review_threads.*

    from review_threads

    cross join as_of

    where coalesce(review_threads.opened_at <= as_of.as_of_at, true)

),

product_metrics_checked as (

    select * from product_metrics

),

costs_checked as (

    select * from costs

),

load_watermarks_checked as (

    select * from load_watermarks

),

rows_kept as (
    {% for input in keys %}
    select
        '{{ input }}' as input_name,
        count(*) as rows_kept

    from {{ input }}_checked
    {{ "union all" if not loop.last }}
    {% endfor %}
),

left_out_by_input as (

    select
        input_name,
        sum(row_count) as rows_left_out

    from rows_left_out

    group by input_name

),

-- Keys are looked at before there is an as_of: rows that staging left out, and those it kept up to as_of.
checked as (

    select
        rows_left_out.input_name,
        rows_left_out.reason,
        case when rows_left_out.reason = 'no_key' then 'left_out' else 'handled' end as handling,
        case
            when rows_left_out.reason = 'no_key' then 'part of its key is unknown'
            else 'one row of each key is kept: the one that knows most'
        end as what_happens,
        rows_kept.rows_kept + left_out_by_input.rows_left_out as rows_checked,
        rows_left_out.row_count,
        rows_left_out.example_key

    from rows_left_out

    inner join rows_kept
        on rows_left_out.input_name = rows_kept.input_name

    inner join left_out_by_input
        on rows_left_out.input_name = left_out_by_input.input_name
    {% for input, reason, condition, handling, what_happens in checks %}
    union all

    select
        '{{ input }}' as input_name,
        '{{ reason }}' as reason,
        '{{ handling }}' as handling,
        '{{ what_happens }}' as what_happens,
        count(*) as rows_checked,
        sum(case when {{ condition }} then 1 else 0 end) as row_count,
        min(case when {{ condition }} then {{ keys[input] }} end) as example_key

    from {{ input }}_checked
    {% endfor %}

),

-- Where there is no row to check, nobody knows how many would be bad.
final as (

    select
        input_name,
        reason,
        case when rows_checked > 0 then cast(row_count as {{ dbt.type_bigint() }}) end as row_count,
        cast(rows_checked as {{ dbt.type_bigint() }}) as rows_checked,
        example_key,
        handling,
        what_happens,
        case when rows_checked = 0 then 'no_rows' end as null_reason

    from checked

)

select * from final
