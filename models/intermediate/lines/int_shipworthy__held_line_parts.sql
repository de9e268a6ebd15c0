{%- set window_days = shipworthy.checked_variable('shipworthy__turnover_window_days') -%}
{#- What of a shipped change is held, before its cap, by who wrote it: the one home of that question. -#}

with

put_live as (

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_put_live') }}

),

changes as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__changes_authored') }}

),

births as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_born') }}

),

deaths as {{ shipworthy.inlined() }}(

    select * from {{ ref('shipworthy', 'int_shipworthy__lines_died') }}

),

-- A change ships once in a service.
shipped as (

    select
        put_live.service,
        put_live.repository,
        put_live.sha,
        put_live.deployment_id,
        put_live.release_id,
        put_live.deployed_at as shipped_at,
        changes.authorship

    from put_live

    inner join changes
        on
            put_live.repository = changes.repository
            and put_live.sha = changes.sha

    where put_live.is_shipped

),

added as (

    select
        shipped.service,
        shipped.repository,
        shipped.sha,
        births.author_sha,
        births.authorship,
        births.held_line_weight,
        births.lines,
        false as is_retired

    from shipped

    inner join births
        on
            shipped.service = births.service
            and shipped.repository = births.repository
            and shipped.sha = births.added_sha

    where
        births.is_counted
        and births.is_new

),

removed_again as (

    select
        shipped.service,
        shipped.repository,
        shipped.sha,
        deaths.author_sha,
        deaths.authorship,
        deaths.held_line_weight,
        -deaths.lines as lines,
        false as is_retired

    from shipped

    inner join deaths
        on
            shipped.service = deaths.birth_service
            and shipped.repository = deaths.repository
            and shipped.sha = deaths.added_sha

    where
        deaths.is_counted
        and deaths.birth_is_new
        and not deaths.is_moved
        and deaths.removed_at < {{ shipworthy.add_days('shipped.shipped_at', window_days) }}

),

-- Old code retired counts like code added, by the path it was born at, for who wrote the change that retired it.
retired as (

    select
        shipped.service,
        shipped.repository,
        shipped.sha,
        shipped.sha as author_sha,
        shipped.authorship,
        deaths.held_line_weight,
        deaths.lines,
        true as is_retired

    from shipped

    inner join deaths
        on
            shipped.service = deaths.removal_service
            and shipped.repository = deaths.repository
            and shipped.sha = deaths.removed_sha

    where
        deaths.is_counted
        and not deaths.is_moved
        and deaths.age_days >= {{ shipworthy.window('retired_after_days') }}

),

repositories_with_lines as (

    select distinct repository from births

),

-- Without line births all that is known is how many lines a change added.
without_births as (

    select
        shipped.service,
        shipped.repository,
        shipped.sha,
        case when changes.own_authorship = 'ai' then 'human' else changes.own_authorship end as other_authorship,
        {{ shipworthy.read_authorship("'ai'", 'changes.landed_at', 'null', 'false', 'true') | indent(8) }}
            as ai_authorship,
        coalesce(changes.lines_added, 0) as lines_added,
        least(
            coalesce(
                changes.ai_lines_added,
                case when changes.own_authorship = 'ai' then changes.lines_added else 0 end,
                0
            ),
            coalesce(changes.lines_added, 0)
        ) as ai_lines_added

    from shipped

    inner join changes
        on
            shipped.repository = changes.repository
            and shipped.sha = changes.sha

    left join repositories_with_lines
        on shipped.repository = repositories_with_lines.repository

    where repositories_with_lines.repository is null

),

parts as (

    select * from added

    union all

    select * from removed_again

    union all

    select * from retired

    union all

    select
        service,
        repository,
        sha,
        sha as author_sha,
        ai_authorship as authorship,
        1.0 as held_line_weight,
        ai_lines_added as lines,
        false as is_retired

    from without_births

    union all

    select
        service,
        repository,
        sha,
        sha as author_sha,
        other_authorship as authorship,
        1.0 as held_line_weight,
        lines_added - ai_lines_added as lines,
        false as is_retired

    from without_births

),

final as (

    select
        service,
        repository,
        sha,
        author_sha,
        authorship,
        sum(lines) as lines,
        sum(lines * held_line_weight) as weighted_lines,
        sum(case when is_retired then lines * held_line_weight else 0.0 end) as weighted_retired_lines

    from parts

    group by service, repository, sha, author_sha, authorship

)

select * from final
