with

incident_fixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__incident_fixes') }}

),

hotfixes as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_repairing') }}

    where is_hotfix

),

deaths as (

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

-- The same question asked twice: of the lines that a fix removed, which release had most of them live? An incident
-- asks when it opened, a hotfix when it landed, and only of releases of the 7 days before.
questions as (

    select
        'incident' as asked_by,
        incident_id as asked_by_id,
        repository,
        sha,
        opened_at as asked_at,
        timestamp '1970-01-01 00:00:00' as not_before

    from incident_fixes

    union all

    select
        'hotfix' as asked_by,
        sha as asked_by_id,
        repository,
        sha,
        landed_at as asked_at,
        {{ shipworthy.add_days('landed_at', -7) }} as not_before

    from hotfixes

),

removed as (

    select
        repository,
        removed_sha,
        added_sha,
        birth_service as service,
        sum(lines) as lines

    from deaths

    where
        is_counted
        and not is_moved

    group by repository, removed_sha, added_sha, birth_service

),

-- The latest deployment that had put the lines' change live by then.
had_live as (

    select
        questions.asked_by,
        questions.asked_by_id,
        questions.repository,
        questions.sha,
        questions.not_before,
        removed.added_sha,
        removed.service,
        removed.lines,
        max(put_live.shipping_order) as shipping_order

    from questions

    inner join removed
        on
            questions.repository = removed.repository
            and questions.sha = removed.removed_sha

    inner join put_live
        on
            removed.repository = put_live.repository
            and removed.added_sha = put_live.sha
            and removed.service = put_live.service
            and questions.asked_at >= put_live.deployed_at

    group by
        questions.asked_by,
        questions.asked_by_id,
        questions.repository,
        questions.sha,
        questions.not_before,
        removed.added_sha,
        removed.service,
        removed.lines

),

deployments as (

    select distinct
        shipping_order,
        deployment_id,
        release_id,
        deployed_at

    from put_live

),

-- Lines are counted per release, so that splitting a deployment moves no blame.
lines_by_release as (

    select
        had_live.asked_by,
        had_live.asked_by_id,
        case when had_live.asked_by = 'hotfix' then had_live.repository else '' end as asked_by_repository,
        deployments.release_id,
        max(had_live.shipping_order) as shipping_order,
        sum(had_live.lines) as lines

    from had_live

    inner join deployments
        on had_live.shipping_order = deployments.shipping_order

    where deployments.deployed_at >= had_live.not_before

    group by
        had_live.asked_by,
        had_live.asked_by_id,
        case when had_live.asked_by = 'hotfix' then had_live.repository else '' end,
        deployments.release_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by asked_by, asked_by_id, asked_by_repository
            order by lines desc, shipping_order desc
        ) as place

    from lines_by_release

),

final as (

    select
        ranked.asked_by,
        ranked.asked_by_id,
        ranked.asked_by_repository,
        deployments.deployment_id,
        ranked.release_id,
        cast(ranked.lines as {{ dbt.type_bigint() }}) as lines

    from ranked

    inner join deployments
        on ranked.shipping_order = deployments.shipping_order

    where ranked.place = 1

)

select * from final
