{%- set deployments_checks = [
    ['no_time', 'deployed_at is null', 'left_out', 'finished, started and created are all unknown'],
    ['unknown_environment', 'is_environment_unknown', 'left_out', 'an environment whose name says nothing of it is not production'],
    ['no_repository', 'is_production and repository is null', 'handled', 'the repository of its service stands in'],
    ['unlisted_service', 'is_production and is_service_unlisted', 'handled', 'a whole-repository service of its own'],
    ['no_sha', 'is_code and sha is null', 'handled', 'ships nothing, can fail'],
    ['unknown_sha', 'is_code and sha is not null and commit_sha is null', 'handled', 'ships nothing, can fail'],
    ['off_mainline', 'is_code and commit_sha is not null and not is_on_mainline', 'handled', 'ships up to where its branch left the mainline'],
    ['superseded_by_source', 'is_superseded', 'handled', 'a release tag of a service whose deployments another source tells of: ships nothing, in no count'],
    ['deployed_before_landed', 'is_code and deployed_at < commit_landed_at', 'handled', 'clock skew; positions decide what ships'],
    ['finished_before_started', 'finished_at < started_at or started_at < created_at', 'as_is', 'clock skew; the finish decides']
] -%}
{%- set deployment_commits_checks = [
    ['unknown_deployment', 'listed_deployment_id is null', 'left_out', 'a list of no deployment'],
    ['unknown_commit', 'change_sha is null', 'handled', 'passed over']
] -%}

with

as_of as (

    select * from {{ ref('shipworthy', 'int_shipworthy__as_of') }}

),

rows_left_out as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__rows_left_out') }}

),

deployments as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployments') }}

),

deployment_commits as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__deployment_commits') }}

),

services as (

    select * from {{ ref('shipworthy', 'stg_shipworthy__services') }}

),

changes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_landed') }}

),

environments as (

    select * from {{ ref('shipworthy', 'shipworthy__environments') }}

),

commits_named as (

    select * from {{ ref('shipworthy', 'int_shipworthy__commits_named') }}

    where request_number is null

),

superseded as (

    select distinct recorded_deployment_id

    from {{ ref('shipworthy', 'int_shipworthy__deployments_located') }}

    where basis = 'superseded_by_source'

),

listed_services as (

    select distinct service from services

),

deployments_timed as (

    select
        *,
        coalesce(finished_at, started_at, created_at) as deployed_at,
        {{ shipworthy.is_production('environment') }} as serves_users

    from deployments

),

deployments_checked as (

    select
        deployments_timed.*,
        coalesce(deployments_timed.status = 'success' and deployments_timed.serves_users, false) as is_production,
        coalesce(
            deployments_timed.status = 'success'
            and deployments_timed.serves_users
            and coalesce(deployments_timed.kind <> 'flag', true),
            false
        ) as is_code,
        environments.environment is null and deployments_timed.serves_users is null as is_environment_unknown,
        as_of.has_services
        and deployments_timed.service is not null
        and listed_services.service is null as is_service_unlisted,
        commits_named.sha as commit_sha,
        commits_named.is_on_mainline,
        superseded.recorded_deployment_id is not null as is_superseded,
        changes.landed_at as commit_landed_at

    from deployments_timed

    cross join as_of

    left join environments
        on lower(trim(deployments_timed.environment)) = environments.environment

    left join listed_services
        on deployments_timed.service = listed_services.service

    left join superseded
        on deployments_timed.deployment_id = superseded.recorded_deployment_id

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

final as (

    {{ shipworthy.quality_checks('deployments', 'deployment_id', deployments_checks) | indent(4) }}

    union all

    {{ shipworthy.quality_checks(
        'deployment_commits', "deployment_id || ' ' || sha", deployment_commits_checks
    ) | indent(4) }}

)

select * from final
